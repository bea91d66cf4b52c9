// One system: Idempotency-Keys that all nodes share.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  answer, del, messageRoute, messagesOf, newTag, openStream, post, say, startRoute, streamRoute,
} from './lib/client.mjs';
import { checkFrames, checkProblem } from './lib/checks.mjs';
import { Cluster, sharedCluster } from './lib/cluster.mjs';

const it = sharedCluster();

const keyed = (key = newTag('key')) => ({ 'Idempotency-Key': key });
const header = (answered, name) => (
  answered.headers.get ? answered.headers.get(name) : answered.headers[name]);
const replayed = (answered) => header(answered, 'idempotent-replayed') === 'true';

test('the same key is one stream on all nodes, one after the other', async () => {
  for (const owner of it.cluster.nodes) {
    const plan = { tag: newTag(), tokens: 6, unicode: true };
    const headers = keyed();
    const first = await answer(owner, plan, { headers });
    assert.ok(!replayed(first));
    for (const node of it.cluster.nodes) {
      const again = await answer(node, plan, { headers });
      assert.ok(replayed(again));
      checkFrames(again.frames);
      assert.deepEqual(again.ids_, first.ids_);
      assert.equal(again.text, first.text);
      const blocking = await post(node, messageRoute, say(plan), headers);
      assert.equal(blocking.json.stream_id, first.ids_.stream);
      const started = await post(node, startRoute, say(plan), headers);
      assert.equal(started.json.id, first.ids_.stream);
      checkProblem(await post(node, streamRoute, say('other'), headers), 422,
        'idempotency_key_reused');
    }
    assert.equal(it.mock.calls(plan.tag), 1);
  }
});

test('the same key on all nodes at the same instant is one stream and one upstream call', async () => {
  const routes = [startRoute, messageRoute, streamRoute];
  for (let round = 0; round < 30; round += 1) {
    const tag = newTag();
    const headers = keyed();
    const body = say({ tag, tokens: 3 });
    const all = await Promise.all(Array.from({ length: 9 }, (_, i) => (
      post(it.cluster.nodes[i % 3], routes[Math.floor(i / 3)], body, headers))));
    const ids = new Set(all.map((answered) => {
      assert.ok([200, 202].includes(answered.status),
        `round ${round}: ${answered.status} ${answered.text}`);
      return answered.headers['x-stream-id'] ?? answered.json.stream_id ?? answered.json.id;
    }));
    assert.equal(ids.size, 1, `round ${round}: ${[...ids].join()}`);
    assert.equal(all.filter((answered) => !replayed(answered)).length, 1, 'one was the first');
    assert.equal(it.mock.calls(tag), 1);
  }
});

test('different bodies under one key at the same instant: one wins, the others are 422', async () => {
  for (let round = 0; round < 15; round += 1) {
    const headers = keyed();
    const tags = it.cluster.nodes.map(() => newTag());
    const all = await Promise.all(it.cluster.nodes.map((node, i) => (
      post(node, messageRoute, say({ tag: tags[i], tokens: 2 }), headers))));
    const shown = all.map((one) => `${one.status} ${one.text.slice(0, 120)}`).join('\n');
    assert.equal(all.filter((one) => one.status === 200).length, 1, shown);
    assert.equal(all.filter((one) => one.status === 422).length, 2, shown);
    assert.equal(tags.reduce((sum, tag) => sum + it.mock.calls(tag), 0), 1);
  }
});

test('one key into a conversation of one node, sent through all at once, is one message', async () => {
  for (const owner of it.cluster.nodes) {
    const { conversation } = (await answer(owner, { tokens: 1 })).ids_;
    const tag = newTag();
    const headers = keyed();
    const body = say({ tag, tokens: 3 }, { conversation_id: conversation });
    const all = await Promise.all(it.cluster.nodes.map((node) => (
      post(node, messageRoute, body, headers))));
    for (const one of all) assert.equal(one.status, 200, one.text);
    assert.equal(new Set(all.map((one) => one.json.stream_id)).size, 1);
    assert.equal(it.mock.calls(tag), 1);
    assert.equal((await messagesOf(owner, conversation)).length, 4);
  }
});

test('a key used for conversations of two nodes is 422 the second time', async () => {
  const [a, b, c] = it.cluster.nodes;
  const first = (await answer(a, { tokens: 1 })).ids_.conversation;
  const second = (await answer(b, { tokens: 1 })).ids_.conversation;
  const headers = keyed();
  const send = (node, id) => post(node, messageRoute,
    say({ tokens: 1 }, { conversation_id: id }), headers);
  assert.equal((await send(c, first)).status, 200);
  for (const node of [a, b, c]) {
    checkProblem(await send(node, second), 422, 'idempotency_key_reused');
    assert.ok(replayed(await send(node, first)));
  }
});

test('a refused request leaves its key free on all nodes', async () => {
  const [a, b, c] = it.cluster.nodes;
  const busy = newTag();
  const running = await openStream(a, { tag: busy, gate: 1, tokens: 2 });
  await running.untilText('w0 ');
  const headers = keyed();
  const tag = newTag();
  const body = say({ tag, tokens: 2 }, { conversation_id: running.ids_.conversation });
  for (const node of [b, c, a]) checkProblem(await post(node, messageRoute, body, headers), 409);
  // Nor does it bind the key to that node.
  const elsewhere = await post(c, messageRoute, say({ tag, tokens: 2 }), headers);
  assert.equal(elsewhere.status, 200, elsewhere.text);
  assert.ok(!replayed(elsewhere));
  it.mock.release(busy);
  await running.end();
  checkProblem(await post(b, messageRoute, body, headers), 422);
  assert.equal(it.mock.calls(tag), 1);
});

test('a deleted conversation\'s key is free again on all nodes', async () => {
  const [a, b, c] = it.cluster.nodes;
  const headers = keyed();
  const plan = { tag: newTag(), tokens: 2 };
  const first = await answer(a, plan, { headers });
  assert.ok(replayed(await answer(b, plan, { headers })));
  assert.equal((await del(c, `/api/v1/conversations/${first.ids_.conversation}`)).status, 204);
  const second = await answer(b, plan, { headers });
  assert.ok(!replayed(second));
  assert.notEqual(second.ids_.stream, first.ids_.stream);
  const third = await answer(c, plan, { headers });
  assert.equal(third.ids_.stream, second.ids_.stream);
  assert.equal(it.mock.calls(plan.tag), 2);
});

test('keys are known after a restart of all nodes', async (t) => {
  const own = new Cluster(it.mock);
  t.after(() => own.dispose());
  await own.start(3);
  const headers = own.nodes.map(() => keyed());
  const plans = own.nodes.map(() => ({ tag: newTag(), tokens: 3 }));
  const first = await Promise.all(own.nodes.map((node, i) => (
    answer(node, plans[i], { headers: headers[i] }))));
  await Promise.all(own.nodes.map((node) => node.kill9()));
  await Promise.all(own.nodes.map((node) => node.start()));
  await own.agreed();
  for (const [i, plan] of plans.entries()) {
    const through = own.nodes[(i + 1) % 3];
    const again = await answer(through, plan, { headers: headers[i] });
    assert.ok(replayed(again));
    assert.deepEqual(again.ids_, first[i].ids_);
    checkProblem(await post(own.nodes[(i + 2) % 3], messageRoute, say('other'), headers[i]), 422);
    assert.equal(it.mock.calls(plan.tag), 1);
  }
});
