// A node is asked to go (SIGTERM): its streams finish or end clearly, what is
// new goes elsewhere, and a rolling restart under load loses nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { RawConnection, requestBytes } from '../support/raw_http.mjs';
import { seedFromEnvironment, until } from '../support/wait.mjs';
import {
  answer, get, join, messagesOf, newTag, openStream, post, say, startRoute, streamState,
  untilStatus,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer } from './lib/checks.mjs';
import { ownCluster } from './lib/cluster.mjs';
import { checkWhole, Load } from './lib/load.mjs';

test('a node that drains finishes its streams, for readers on other nodes as well', async (t) => {
  const { cluster, mock, a, b } = await ownCluster(t);
  const tag = newTag();
  const plan = { tag, gate: 2, tokens: 7, unicode: true };
  const sender = await openStream(a, plan);
  const remote = await join(b, sender.ids_.stream);
  await remote.until((r) => r.text === textOf({ ...plan, tokens: 2 }), 'two words');
  a.terminate();
  await cluster.shows(b, a, 'draining');
  mock.release(tag);
  for (const reader of [sender, remote]) {
    await reader.end();
    assert.equal(reader.text, textOf(plan));
    assert.equal(reader.terminal.finish_reason, 'stop');
  }
  assert.deepEqual(await a.stopped(), { code: 0, signal: null });
  await a.start();
  await cluster.agreed();
  assert.equal((await streamState(b, sender.ids_.stream)).status, 'complete');
});

test('what does not finish in time ends with server_shutdown, everywhere', async (t) => {
  const { cluster, a, b } = await ownCluster(t, { options: { 'shutdown.grace': '500ms' } });
  const sender = await openStream(a, { tag: newTag(), gate: 3, tokens: 7 });
  const remote = await join(b, sender.ids_.stream);
  await remote.untilText('w2 ');
  a.terminate();
  for (const reader of [sender, remote]) {
    await reader.end();
    checkFrames(reader.frames);
    assert.equal(reader.terminal.code, 'server_shutdown');
    assert.equal(reader.terminal.retryable, true);
    assert.equal(reader.text, textOf({ tokens: 3 }));
  }
  assert.equal((await a.stopped()).code, 0);
  await a.start();
  await cluster.agreed();
  const state = await streamState(b, sender.ids_.stream);
  assert.equal(state.status, 'interrupted');
  assert.equal(state.last_seq, remote.terminal.seq);
});

test('new streams that a draining node is asked for are served by others', async (t) => {
  const { cluster, mock, a, b, c } = await ownCluster(t);
  const tag = newTag();
  const held = await openStream(a, { tag, gate: 1, tokens: 3 });
  const old = (await answer(b, { tokens: 1 })).ids_.conversation;
  await held.untilText('w0 ');
  a.terminate();
  await until(async () => (await get(a, '/readyz')).status === 503, 'it says that it goes');
  await cluster.shows(b, a, 'draining');
  const plan = { tokens: 4 };
  const fresh = await answer(a, plan);
  checkGoodAnswer(fresh, textOf(plan));
  // It lives elsewhere: it is there when the node is gone.
  const continued = await answer(a, plan, { fields: { conversation_id: old } });
  checkGoodAnswer(continued, textOf(plan));
  const keyed = await answer(a, plan, { headers: { 'Idempotency-Key': newTag() } });
  checkGoodAnswer(keyed, textOf(plan));
  // What it owns itself takes nothing new.
  const refused = await post(b, startRoute, say(plan, { conversation_id: held.ids_.conversation,
    if_busy: 'cancel' }));
  assert.equal(refused.status, 503, refused.text);
  assert.match(refused.headers['retry-after'] ?? 'none', /^\d+$/);
  mock.release(tag);
  await held.end();
  checkGoodAnswer(held, textOf({ tokens: 3 }));
  assert.equal((await a.stopped()).code, 0);
  for (const node of [b, c]) {
    assert.equal((await messagesOf(node, fresh.ids_.conversation)).length, 2);
    assert.equal((await messagesOf(node, keyed.ids_.conversation)).length, 2);
  }
});

test('readers of another node\'s streams are sent on when their own node goes', async (t) => {
  const { mock, a, b, c } = await ownCluster(t, { options: { 'shutdown.grace': '500ms' } });
  const tag = newTag();
  const sender = await openStream(a, { tag, gate: 2, tokens: 6 });
  const readers = await Promise.all(
    Array.from({ length: 8 }, () => join(b, sender.ids_.stream)));
  for (const reader of readers) await reader.untilText('w1 ');
  b.terminate();
  for (const reader of readers) await reader.end();
  assert.equal((await b.stopped()).code, 0);
  // The stream goes on: they come back to it, at different moments.
  assert.equal((await streamState(c, sender.ids_.stream)).status, 'generating');
  const delays = readers.map((reader) => reader.retry);
  assert.ok(new Set(delays).size > 1, `retry: ${delays}`);
  for (const reader of readers) assert.equal(reader.terminal, undefined);
  const again = await join(c, sender.ids_.stream, { after: readers[0].lastSeq });
  mock.release(tag);
  await again.end();
  assert.equal(readers[0].text + again.text, textOf({ tokens: 6 }));
});

test('a rolling restart under load loses nothing', async (t) => {
  const { cluster, mock } = await ownCluster(t, { options: { 'shutdown.grace': '10s' } });
  const load = new Load(t, cluster, 6, seedFromEnvironment(t));
  for (const node of cluster.nodes) {
    await load.progress();
    node.terminate();
    assert.deepEqual(await node.stopped(), { code: 0, signal: null });
    await node.start();
    await cluster.agreed();
  }
  await load.progress();
  const sent = await load.stop();
  await checkWhole(cluster, mock, sent, { interrupted: false });
  t.diagnostic(`${sent.length} messages, ${load.retries} retries`);
});

test('a stream that was cut off by the restart of its node is whole for who resumes', async (t) => {
  const { cluster, mock, a, b } = await ownCluster(t, { options: { 'shutdown.grace': '100ms' } });
  const tag = newTag();
  const { json: state } = await post(a, startRoute, say({ tag, gate: 3, tokens: 6 }));
  const reader = await join(b, state.id);
  await reader.untilText('w2 ');
  a.terminate();
  await reader.end();
  await a.stopped();
  await a.start();
  await cluster.agreed();
  await untilStatus(b, state.id, 'interrupted');
  assert.equal((await (await join(b, state.id)).end()).text, textOf({ tokens: 3 }));
  assert.equal(mock.calls(tag), 1);
});

test('a reader elsewhere that was behind when the node went is told of a lost node', async (t) => {
  const { cluster, a, b } = await ownCluster(t, {
    options: { 'shutdown.grace': '1s', 'limits.max-response-chars': 10_000_000 },
  });
  const plan = { tag: newTag(), tokens: 140, pad: 64_000 };
  const { json: state } = await post(a, startRoute, say(plan));
  const slow = await RawConnection.open(b.port);
  t.after(() => slow.close());
  slow.socket.pause();
  slow.write(requestBytes('GET', `/api/v1/chat/streams/${state.id}/events`));
  await untilStatus(a, state.id, 'complete');
  a.terminate();
  assert.deepEqual(await a.stopped(), { code: 0, signal: null });
  slow.socket.resume();
  await slow.need(() => slow.buffer.includes('"type":"error"'), 'an end');
  const got = slow.buffer.toString('latin1');
  assert.match(got, /"code":"node_lost"/);
  assert.doesNotMatch(got, /"code":"internal"/);
  await a.start();
  await cluster.agreed();
  assert.ok((await (await join(b, state.id)).end()).text === textOf(plan));
});
