// One system: a stream that lives on one node is posted to, joined, resumed,
// cancelled and counted through any other.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { randomFrom, seedFromEnvironment, until } from '../support/wait.mjs';
import { RawConnection, requestBytes } from '../support/raw_http.mjs';
import {
  answer, get, join, messageRoute, messagesOf, newTag, openStream, post, say, startRoute,
  storedAnswer, streamState, textIn, untilStatus,
} from './lib/client.mjs';
import {
  checkEventsBody, checkFrames, checkGoodAnswer, checkProblem,
} from './lib/checks.mjs';
import { Cluster, membersSeenBy, residentBytes, sharedCluster } from './lib/cluster.mjs';

const it = sharedCluster();

// Every pair of different nodes: the owner, and the one that is asked.
function pairs() {
  return it.cluster.nodes.flatMap((owner) => (
    it.cluster.nodes.filter((node) => node !== owner).map((via) => [owner, via])));
}

const eventsOf = (stream) => `${startRoute}/${stream}/events`;

test('a conversation is continued through every node, on all three routes', async () => {
  for (const owner of it.cluster.nodes) {
    const first = await answer(owner, { tokens: 3 });
    const { conversation } = first.ids_;
    const fields = { conversation_id: conversation };
    for (const via of it.cluster.nodes) {
      const plan = { tag: newTag(), tokens: 8, unicode: true };
      const streamed = await answer(via, plan, { fields });
      checkGoodAnswer(streamed, textOf(plan));
      assert.equal(streamed.ids_.conversation, conversation);
      assert.deepEqual(streamed.start.stream_id, streamed.ids_.stream);

      const blocking = await post(via, messageRoute, say(plan, fields));
      assert.equal(blocking.status, 200, blocking.text);
      assert.equal(blocking.json.message.content, textOf(plan));

      const started = await post(via, startRoute, say(plan, fields));
      assert.equal(started.status, 202, started.text);
      assert.equal(started.headers.location, `${startRoute}/${started.json.id}`);
      const read = await (await join(via, started.json.id)).end();
      checkEventsBody(read.raw);
      assert.equal(read.text, textOf(plan));
      assert.equal(it.mock.calls(plan.tag), 3);
      // The history that the upstream was given is the conversation's.
      assert.equal(it.mock.last(plan.tag).body.messages.filter((m) => m.role === 'assistant').length,
        (await messagesOf(owner, conversation)).length / 2 - 1);
    }
    const seen = await Promise.all(it.cluster.nodes.map((node) => messagesOf(node, conversation)));
    assert.equal(seen[0].length, 2 + 3 * 3 * 2);
    assert.deepEqual(seen[1], seen[0]);
    assert.deepEqual(seen[2], seen[0]);
  }
});

test('a stream is resumed through every node at any seq', async (t) => {
  const random = randomFrom(seedFromEnvironment(t));
  for (const [owner, via] of pairs()) {
    const plan = { tokens: 40, unicode: true, seed: Math.floor(random() * 1000) };
    const first = await answer(owner, plan);
    const { stream } = first.ids_;
    const last = first.terminal.seq;
    const cursors = [0, 1, last - 1, ...Array.from({ length: 5 }, () => Math.floor(random() * last))];
    for (const after_ of cursors) {
      const rest = await (await join(via, stream, { after: after_ })).end();
      checkFrames(rest.frames, { after: after_ });
      // seq counts the characters behind the start frame.
      const text = textIn(first.frames);
      assert.ok(text.endsWith(rest.text));
      if (after_ <= 1) assert.equal(rest.text, text);
      assert.deepEqual(rest.terminal, first.terminal);
    }
    assert.equal((await get(via, eventsOf(stream), { 'Last-Event-ID': `${last}` })).status, 204);
    checkProblem(await get(via, eventsOf(stream), { 'Last-Event-ID': 'x' }), 400);
    assert.deepEqual(await streamState(via, stream), await streamState(owner, stream));
  }
});

test('readers on all nodes see the same frames, live', async () => {
  for (const owner of it.cluster.nodes) {
    const tag = newTag();
    const plan = { tag, tokens: 30, gate: 10, unicode: true };
    const sender = await openStream(owner, plan);
    await sender.until((r) => r.text === textOf({ ...plan, tokens: 10 }), 'the first ten words');
    const readers = await Promise.all(
      [0, 1, 2, 0, 1, 2].map((i) => join(it.cluster.nodes[i], sender.ids_.stream)));
    for (const reader of readers) {
      await reader.until((r) => r.text === textOf({ ...plan, tokens: 10 }), 'what was said before');
    }
    assert.equal((await streamState(it.cluster.nodes[0], sender.ids_.stream)).subscribers, 7);
    // One word at a time: everybody gets each as a frame of its own.
    for (let i = 11; i <= 30; i += 1) {
      it.mock.release(tag, 1);
      for (const reader of [sender, ...readers]) {
        await reader.until((r) => r.text === textOf({ ...plan, tokens: i }), `word ${i}`);
      }
    }
    const live = (reader) => reader.frames.filter((f) => f.type === 'content').slice(-20);
    for (const reader of [sender, ...readers]) {
      await reader.end();
      checkFrames(reader.frames);
      assert.deepEqual(live(reader), live(sender));
      assert.deepEqual(reader.terminal, sender.terminal);
    }
    assert.equal((await storedAnswer(owner, sender)).content, textOf(plan));
  }
});

test('a reader hops from node to node and has the whole text in the end', async () => {
  const tag = newTag();
  const plan = { tag, tokens: 24, gate: 0, unicode: true };
  const { json: state } = await post(it.cluster.nodes[0], startRoute, say(plan));
  let text = '';
  let after_ = null;
  for (let i = 1; i <= 24; i += 1) {
    const reader = await join(it.cluster.nodes[i % 3], state.id, { after: after_ });
    it.mock.release(tag, 1);
    const wanted = textOf({ ...plan, tokens: i });
    await reader.until((r) => text + r.text === wanted, `word ${i}`);
    if (i === 24) await reader.end();
    text += reader.text;
    after_ = reader.lastSeq;
    reader.abort();
  }
  assert.equal(text, textOf(plan));
});

test('a cancel through another node ends the stream for readers on all', async () => {
  for (const [owner, via] of pairs()) {
    const tag = newTag();
    const sender = await openStream(owner, { tag, gate: 4, tokens: 9 });
    const remote = await join(via, sender.ids_.stream);
    await remote.untilText('w3 ');
    const cancelled = await post(via, `${startRoute}/${sender.ids_.stream}/cancel`);
    assert.equal(cancelled.status, 200, cancelled.text);
    for (const reader of [sender, remote]) {
      await reader.end();
      assert.equal(reader.terminal.finish_reason, 'cancelled');
      assert.equal(reader.text, textOf({ tokens: 4 }));
    }
    await until(() => it.mock.last(tag).state === 'client_closed', 'the upstream is left');
    const again = await post(via, `${startRoute}/${sender.ids_.stream}/cancel`);
    assert.equal(again.status, 200);
    assert.equal(again.json.status, 'cancelled');
    assert.equal((await storedAnswer(via, sender)).status, 'cancelled');
  }
});

test('a stream that nobody knows is 404 through every node', async () => {
  const first = await answer(it.cluster.nodes[0], { tokens: 1 });
  const unknown = first.ids_.stream.replace(/.{4}$/, 'zzzz');
  for (const node of it.cluster.nodes) {
    for (const id of [unknown, 'strm_zzzz', 'strm_00000000000000000000']) {
      checkProblem(await get(node, `${startRoute}/${id}`), 404);
      checkProblem(await get(node, eventsOf(id)), 404);
      checkProblem(await post(node, `${startRoute}/${id}/cancel`), 404);
    }
  }
});

test('a busy conversation is 409 through every node, and if_busy cancels from anywhere', async () => {
  for (const [owner, via] of pairs()) {
    const tag = newTag();
    const running = await openStream(owner, { tag, gate: 2, tokens: 5 });
    await running.untilText('w1 ');
    const fields = { conversation_id: running.ids_.conversation };
    const problem = checkProblem(await post(via, messageRoute, say({ tokens: 1 }, fields)), 409);
    assert.equal(problem.active_stream_id, running.ids_.stream);
    const plan = { tokens: 2, seed: 7 };
    const next = await answer(via, plan, { fields: { ...fields, if_busy: 'cancel' } });
    checkGoodAnswer(next, textOf(plan));
    await running.end();
    assert.equal(running.terminal.finish_reason, 'cancelled');
  }
});

test('a reader on another node keeps a stream alive; when it leaves, the policy applies', async () => {
  for (const [owner, via] of pairs().slice(0, 3)) {
    const tag = newTag();
    const sender = await openStream(owner, { tag, gate: 2, tokens: 6 },
      { fields: { on_disconnect: 'cancel' } });
    const { stream } = sender.ids_;
    const remote = await join(via, stream);
    await remote.untilText('w1 ');
    sender.abort();
    await until(async () => (await streamState(owner, stream)).subscribers === 1,
      'the sender is gone');
    it.mock.release(tag, 2);
    await remote.untilText('w3 ');
    remote.abort();
    const state = await untilStatus(via, stream, 'cancelled');
    assert.equal(state.subscribers, 0);
    await until(() => it.mock.last(tag).state === 'client_closed', 'the upstream is left');
  }
});

test('a reader that was sent through another node counts as the sender', async () => {
  const [owner, via] = it.cluster.nodes;
  const { conversation } = (await answer(owner, { tokens: 1 })).ids_;
  const tag = newTag();
  const fields = { conversation_id: conversation, on_disconnect: 'cancel' };
  const sender = await openStream(via, { tag, gate: 2, tokens: 6 }, { fields });
  await sender.untilText('w1 ');
  const local = await join(owner, sender.ids_.stream);
  await local.untilText('w1 ');
  sender.abort();
  await until(async () => (await streamState(owner, sender.ids_.stream)).subscribers === 1,
    'the sender is gone');
  it.mock.release(tag);
  await local.end();
  assert.equal(local.text, textOf({ tokens: 6 }));
});

// A reader that takes the head of the answer and then nothing more.
async function stuckReader(node, stream) {
  const connection = await RawConnection.open(node.port);
  connection.write(requestBytes('GET', eventsOf(stream)));
  const head = await connection.head();
  assert.equal(head.status, 200);
  connection.socket.pause();
  return connection;
}

test('a remote reader that stops reading holds nobody up and costs no memory', async (t) => {
  const tag = newTag();
  // Some 8 MB, more than sockets and credit can hold.
  const plan = { tag, tokens: 2000, pad: 4000, gate: 1 };
  const big = new Cluster(it.mock, { 'limits.max-response-chars': 10_000_000 });
  t.after(() => big.dispose());
  await big.start(3);
  const [o, v, w] = big.nodes;
  const { json: state } = await post(o, startRoute, say(plan, { on_disconnect: 'continue' }));
  const stuck = await Promise.all([v, v, v, w].map((node) => stuckReader(node, state.id)));
  t.after(() => stuck.forEach((connection) => connection.close()));
  const quick = await Promise.all([o, v, w].map((node) => join(node, state.id)));
  for (const reader of quick) await reader.untilText('w0');
  const before_ = big.nodes.map(residentBytes);
  it.mock.release(tag);
  for (const reader of quick) {
    await reader.end();
    assert.equal(reader.text, textOf(plan));
  }
  const grown = big.nodes.map((node, i) => residentBytes(node) - before_[i]);
  // The owner holds the text once; the nodes of the slow readers next to nothing.
  for (const bytes of grown.slice(1)) {
    assert.ok(bytes < 32 * 1024 * 1024, `grown by ${grown.map((b) => `${b >> 20} MiB`)}`);
  }
  t.diagnostic(`resident memory grew by ${grown.map((b) => `${(b / 2 ** 20).toFixed(1)} MiB`)}`);
});

test('a node that is much more loaded than another gives new conversations away', async () => {
  const [a, b] = it.cluster.nodes;
  const tag = newTag();
  const plan = { tag, gate: 0, tokens: 2 };
  const start = () => post(a, startRoute, say(plan, { on_disconnect: 'continue' }));
  const streamsOf = async (node) => (
    [...(await membersSeenBy(node)).values()].map((member) => member.streams));
  const few = await Promise.all(Array.from({ length: 10 }, start));
  await until(async () => (await streamsOf(b))[0] === 10, 'b hears of them');
  assert.deepEqual(await streamsOf(b), [10, 0, 0], 'they stay where they came');
  const many = await Promise.all(Array.from({ length: 40 }, start));
  await until(async () => (await streamsOf(a))[0] > 32, 'a knows how much it does');
  const more = await Promise.all(Array.from({ length: 4 }, start));
  await until(async () => {
    const [own, ...others] = await streamsOf(a);
    const given = others[0] + others[1];
    return own + given === 54 && given >= 4;
  }, 'the last ones live elsewhere', { every: 100 });
  it.mock.release(tag);
  for (const { status, json: state } of [...few, ...many, ...more]) {
    assert.equal(status, 202);
    await untilStatus(b, state.id, 'complete');
  }
  await until(async () => (await streamsOf(b)).every((count) => count === 0), 'all have ended');
});
