// A node of the cluster is killed or frozen: what lived on it is away, soon and
// clearly; everything else goes on; when it is back, all is whole.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { pause, until } from '../support/wait.mjs';
import {
  answer, call, get, join, messageRoute, messagesOf, newTag, openStream, patch, post, say,
  startRoute, streamState,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer, checkProblem } from './lib/checks.mjs';
import { logLines, membersSeenBy, ownCluster } from './lib/cluster.mjs';

const conversations = '/api/v1/conversations';
const quick = { 'cluster.failure-timeout': '1s' };
// Text that a reader had this long before the kill is stored (as in `crash`).
const settledMs = 200;

const freeze = (node) => node.child.kill('SIGSTOP');
const thaw = (node) => node.child.kill('SIGCONT');

function checkUnavailable(answered) {
  checkProblem(answered, 503, 'node_unavailable');
  assert.match(answered.headers['retry-after'] ?? 'none', /^\d+$/);
}

// Every call that concerns what lives on a node that is away.
async function checkAway(node, { stream, conversation }) {
  const path = `${conversations}/${conversation}`;
  checkUnavailable(await get(node, path));
  checkUnavailable(await get(node, `${path}/messages`));
  checkUnavailable(await get(node, `${path}/export?format=json`));
  checkUnavailable(await patch(node, path, { title: 'x' }));
  checkUnavailable(await call(node, 'DELETE', path));
  checkUnavailable(await get(node, `${startRoute}/${stream}`));
  checkUnavailable(await get(node, `${startRoute}/${stream}/events`));
  checkUnavailable(await post(node, `${startRoute}/${stream}/cancel`));
  checkUnavailable(await post(node, messageRoute,
    say({ tokens: 1 }, { conversation_id: conversation })));
  checkUnavailable(await post(node, messageRoute,
    say({ tokens: 1 }, { conversation_id: conversation }), { 'Idempotency-Key': newTag() }));
}

async function listOf(node) {
  const answered = await get(node, `${conversations}?limit=100`);
  assert.equal(answered.status, 200, answered.text);
  return {
    ids: answered.json.data.map((one) => one.id).sort(),
    missing: answered.headers['x-missing-node'],
  };
}

// One node_lost, then the body ends as it should.
function checkLost(reader, text) {
  checkFrames(reader.frames);
  assert.equal(reader.terminal.type, 'error');
  assert.equal(reader.terminal.code, 'node_lost');
  assert.equal(reader.terminal.retryable, true);
  assert.equal(reader.text, text);
}

test('the owner is killed: readers elsewhere are told at once, others see nothing of it', async (t) => {
  const { cluster, mock, a, b, c } = await ownCluster(t);
  const tag = newTag();
  const plan = { tag, gate: 5, tokens: 9, unicode: true };
  const sent = textOf({ ...plan, tokens: 5 });
  const sender = await openStream(a, plan);
  const elsewhere = await Promise.all([b, b, c, c].map((node) => join(node, sender.ids_.stream)));
  const others = { tag: newTag(), gate: 1, tokens: 4 };
  const untouched = await openStream(b, others);
  const across = await join(c, untouched.ids_.stream);
  const ofB = (await answer(b, { tokens: 1 })).ids_.conversation;
  for (const reader of elsewhere) await reader.until((r) => r.text === sent, 'five words');
  await pause(settledMs);
  await a.kill9();
  for (const reader of elsewhere) {
    await reader.end();
    checkLost(reader, sent);
  }
  await cluster.agreed();
  for (const node of [b, c]) {
    await checkAway(node, sender.ids_);
    const list = await listOf(node);
    assert.equal(list.missing, 'n1');
    assert.deepEqual(list.ids, [untouched.ids_.conversation, ofB].sort());
    const next = await answer(node, { tokens: 2 }, { fields: { conversation_id: ofB } });
    checkGoodAnswer(next, textOf({ tokens: 2 }));
  }
  mock.release(others.tag);
  for (const reader of [untouched, across]) {
    await reader.end();
    checkGoodAnswerText(reader, others);
  }

  await a.start();
  await cluster.agreed();
  for (const node of cluster.nodes) {
    const state = await streamState(node, sender.ids_.stream);
    assert.equal(state.status, 'interrupted');
    // From where the reader was: its error was none of the stream's frames.
    const after = elsewhere[0].frames.findLast((frame) => frame.type === 'content').seq;
    const rest = await (await join(node, sender.ids_.stream, { after })).end();
    checkFrames(rest.frames, { after });
    assert.equal(rest.terminal.code, 'interrupted');
    assert.equal(rest.text, '');
    assert.equal((await messagesOf(node, sender.ids_.conversation))[1].content, sent);
    const list = await listOf(node);
    assert.equal(list.missing, undefined);
    assert.equal(list.ids.length, 3);
    const next = await answer(node, { tokens: 1 },
      { fields: { conversation_id: sender.ids_.conversation } });
    checkGoodAnswer(next, 'w0 ');
  }
  assert.equal(mock.calls(tag), 1);
});

function checkGoodAnswerText(reader, plan) {
  checkFrames(reader.frames);
  assert.equal(reader.text, textOf(plan));
  assert.equal(reader.terminal.type, 'done');
}

test('a request that waits for a node that dies is answered at once', async (t) => {
  const { mock, a, b } = await ownCluster(t, { size: 2 });
  const { conversation } = (await answer(a, { tokens: 1 })).ids_;
  const tag = newTag();
  const fields = { conversation_id: conversation };
  const blocked = post(b, messageRoute, say({ tag, gate: 1, tokens: 2 }, fields));
  const stream = await openStream(b, { tag: newTag(), gate: 1, tokens: 2 }, { fields: {} });
  await until(() => mock.calls(tag) === 1, 'the upstream is asked');
  await a.kill9();
  const answered = await blocked;
  assert.equal(answered.status, 503, answered.text);
  assert.ok(['node_lost', 'node_unavailable'].includes(answered.json.code), answered.text);
  assert.match(answered.headers['retry-after'] ?? 'none', /^\d+$/);
  stream.abort();
});

test('a frozen node is noticed within the failure time-out and heals when it thaws', async (t) => {
  const { cluster, mock, a, b, c } = await ownCluster(t, { options: quick });
  const tag = newTag();
  const plan = { tag, gate: 3, tokens: 8 };
  const sender = await openStream(a, plan);
  const reader = await join(b, sender.ids_.stream);
  await reader.untilText('w2 ');
  const untouched = { tag: newTag(), gate: 1, tokens: 4 };
  const other = await openStream(b, untouched);
  freeze(a);
  t.after(() => thaw(a));
  await cluster.shows(b, a, 'down');
  await cluster.shows(c, a, 'down');
  await reader.end();
  checkLost(reader, textOf({ tokens: 3 }));
  await checkAway(c, sender.ids_);
  assert.equal((await listOf(b)).missing, 'n1');
  const meanwhile = await answer(c, { tokens: 2 });
  checkGoodAnswer(meanwhile, textOf({ tokens: 2 }));
  mock.release(untouched.tag);
  await other.end();
  checkGoodAnswer(other, textOf(untouched));

  thaw(a);
  await cluster.agreed();
  // It never ended: it goes on where it was.
  const again = await join(c, sender.ids_.stream, { after: reader.frames.at(-2).seq });
  mock.release(tag);
  await again.end();
  assert.equal(reader.text + again.text, textOf(plan));
  await sender.end();
  checkGoodAnswer(sender, textOf(plan));
  for (const node of cluster.nodes) {
    const list = await listOf(node);
    assert.equal(list.missing, undefined);
    assert.equal(list.ids.length, 3);
  }
  assert.equal(mock.calls(tag), 1);
});

test('a short freeze harms nobody', async (t) => {
  const { cluster, mock, a, b } = await ownCluster(t, {
    size: 2, options: { 'cluster.failure-timeout': '20s' },
  });
  const tag = newTag();
  const sender = await openStream(a, { tag, gate: 2, tokens: 6 });
  const reader = await join(b, sender.ids_.stream);
  await reader.untilText('w1 ');
  freeze(a);
  const waiting = get(b, `${startRoute}/${sender.ids_.stream}`);
  await pause(500);
  thaw(a);
  assert.equal((await waiting).status, 200);
  mock.release(tag);
  for (const one of [sender, reader]) {
    await one.end();
    assert.equal(one.text, textOf({ tokens: 6 }));
  }
  assert.equal(logLines(b, 'cluster.node_down').length, 0);
  await cluster.agreed();
});

test('a key whose node is away is not taken by another', async (t) => {
  const { cluster, mock, a, b, c } = await ownCluster(t);
  const headers = { 'Idempotency-Key': newTag('key') };
  const plan = { tag: newTag(), tokens: 3 };
  const first = await answer(a, plan, { headers });
  await a.kill9();
  await cluster.agreed();
  for (const node of [b, c]) checkUnavailable(await post(node, messageRoute, say(plan), headers));
  await a.start();
  await cluster.agreed();
  const again = await answer(b, plan, { headers });
  assert.equal(again.ids_.stream, first.ids_.stream);
  assert.equal(mock.calls(plan.tag), 1);
});

test('a node that starts while another is down knows whose conversations those are', async (t) => {
  const { cluster, a, b, c } = await ownCluster(t);
  const first = await answer(a, { tokens: 2 });
  await a.kill9();
  await cluster.agreed();
  const fresh = await cluster.add();
  cluster.seedAll();
  await fresh.start();
  await b.restart();
  await cluster.agreed();
  for (const node of [b, c, fresh]) {
    assert.equal((await membersSeenBy(node)).get('n1').status, 'down');
    await checkAway(node, first.ids_);
  }
  await a.start();
  await cluster.agreed();
  for (const node of cluster.nodes) {
    assert.equal((await messagesOf(node, first.ids_.conversation)).length, 2);
  }
});

test('what a node that is away has imported is not imported a second time', async (t) => {
  const { cluster, a, b, c } = await ownCluster(t);
  const stranger = await ownCluster(t, { size: 1 });
  const first = await answer(stranger.a, { tokens: 2 });
  const path = `${conversations}/${first.ids_.conversation}`;
  const exported = (await get(stranger.a, `${path}/export?format=json`)).text;
  const send = (node) => call(node, 'POST', `${conversations}/import`, {
    body: exported, headers: { 'Content-Type': 'application/json' },
  });
  assert.equal((await send(a)).status, 201);
  await a.kill9();
  await cluster.agreed();
  for (const node of [b, c]) {
    checkUnavailable(await send(node));
    checkUnavailable(await get(node, path));
  }
  await a.start();
  await cluster.agreed();
  for (const node of [a, b, c]) {
    checkProblem(await send(node), 409);
    assert.equal((await messagesOf(node, first.ids_.conversation)).length, 2);
  }
});
