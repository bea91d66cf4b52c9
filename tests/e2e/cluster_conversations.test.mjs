// One system: conversations and their lists through every node, and
// Idempotency-Keys that all nodes share.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startMock, textOf } from '../support/mock_upstream.mjs';
import { until } from '../support/wait.mjs';
import {
  answer, call, del, get, join, messageRoute, messagesOf, newTag, openStream, patch, post, say,
  startRoute, streamRoute,
} from './lib/client.mjs';
import { checkFrames, checkProblem } from './lib/checks.mjs';
import { Cluster } from './lib/cluster.mjs';

let mock;
let cluster;
before(async () => {
  mock = await startMock();
  cluster = new Cluster(mock);
  await cluster.start(3);
});
after(async () => {
  try {
    await cluster?.dispose();
  } finally {
    await mock?.close();
  }
});

const conversations = '/api/v1/conversations';

function pairs() {
  return cluster.nodes.flatMap((owner) => (
    cluster.nodes.filter((node) => node !== owner).map((via) => [owner, via])));
}

test('a conversation is made, read, changed and deleted through any node', async () => {
  for (const [owner, via] of pairs()) {
    const made = await post(owner, conversations, {
      title: 'one', system_prompt: 'Be brief.', metadata: { a: 'b' },
    });
    assert.equal(made.status, 201);
    const path = `${conversations}/${made.json.id}`;
    assert.equal(made.headers.location, path);
    assert.deepEqual((await get(via, path)).json, made.json);
    const changed = await patch(via, path, { title: 'two', metadata: { c: 'd' } });
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.json.title, 'two');
    assert.deepEqual((await get(owner, path)).json, changed.json);
    checkProblem(await patch(via, path, { title: 5 }), 400);
    assert.equal((await del(via, path)).status, 204);
    for (const node of cluster.nodes) {
      checkProblem(await get(node, path), 404);
      checkProblem(await get(node, `${path}/messages`), 404);
      checkProblem(await del(node, path), 404);
      checkProblem(await post(node, messageRoute, say({ tokens: 1 },
        { conversation_id: made.json.id })), 404);
    }
  }
});

test('a running stream shows in its conversation on all nodes, and ends when that is deleted', async () => {
  for (const [owner, via] of pairs()) {
    const tag = newTag();
    const sender = await openStream(owner, { tag, gate: 2, tokens: 5 });
    await sender.untilText('w1 ');
    const remote = await join(via, sender.ids_.stream);
    await remote.untilText('w1 ');
    const path = `${conversations}/${sender.ids_.conversation}`;
    assert.equal((await get(via, path)).json.active_stream.id, sender.ids_.stream);
    assert.equal((await del(via, path)).status, 204);
    for (const reader of [sender, remote]) {
      await reader.end();
      assert.ok(reader.terminal, 'it ends properly');
    }
    await until(() => mock.last(tag).state === 'client_closed', 'the upstream is left');
    for (const node of cluster.nodes) {
      checkProblem(await get(node, `${startRoute}/${sender.ids_.stream}`), 404);
    }
  }
});

test('messages are paged through another node as through their own', async () => {
  const [owner, via] = cluster.nodes;
  const first = await answer(owner, { tokens: 2 });
  const { conversation } = first.ids_;
  for (let i = 0; i < 4; i += 1) {
    await answer(via, { tokens: 2, seed: i }, { fields: { conversation_id: conversation } });
  }
  for (const order of ['asc', 'desc']) {
    const paged = [];
    let cursor = '';
    let i = 0;
    do {
      // Each page through another node.
      const node = cluster.nodes[i % 3];
      i += 1;
      const page = (await get(node,
        `${conversations}/${conversation}/messages?limit=3&order=${order}${cursor}`)).json;
      paged.push(...page.data);
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
    } while (cursor);
    assert.deepEqual(paged, await messagesOf(owner, conversation, `?limit=100&order=${order}`));
    assert.equal(paged.length, 10);
  }
});

test('an export through one node is imported again through another', async () => {
  for (const [owner, via] of pairs()) {
    const first = await answer(owner, { tokens: 5, unicode: true });
    await answer(via, { tokens: 3 }, { fields: { conversation_id: first.ids_.conversation } });
    const path = `${conversations}/${first.ids_.conversation}`;
    const exported = await get(via, `${path}/export?format=json`);
    assert.equal(exported.status, 200);
    assert.equal(exported.text, (await get(owner, `${path}/export?format=json`)).text);
    const markdown = await get(via, `${path}/export?format=markdown`);
    assert.equal(markdown.text, (await get(owner, `${path}/export?format=markdown`)).text);
    const send = (node) => call(node, 'POST', `${conversations}/import`, {
      body: exported.text, headers: { 'Content-Type': 'application/json' },
    });
    for (const node of cluster.nodes) checkProblem(await send(node), 409);
    assert.equal((await del(via, path)).status, 204);
    assert.equal((await send(via)).status, 201);
    for (const node of cluster.nodes) {
      assert.equal((await get(node, `${path}/export?format=json`)).text, exported.text);
      checkProblem(await send(node), 409);
    }
    const next = await answer(via, { tokens: 1 },
      { fields: { conversation_id: first.ids_.conversation } });
    assert.equal(next.ids_.conversation, first.ids_.conversation);
  }
});

test('a conversation of a node that nobody has met is imported once and found by all', async (t) => {
  const stranger = new Cluster(mock);
  t.after(() => stranger.dispose());
  await stranger.start(1);
  const first = await answer(stranger.nodes[0], { tokens: 4 });
  const path = `${conversations}/${first.ids_.conversation}`;
  const exported = (await get(stranger.nodes[0], `${path}/export?format=json`)).text;
  const send = (node) => call(node, 'POST', `${conversations}/import`, {
    body: exported, headers: { 'Content-Type': 'application/json' },
  });
  assert.equal((await send(cluster.nodes[1])).status, 201);
  for (const node of cluster.nodes) {
    checkProblem(await send(node), 409);
    assert.equal((await get(node, `${path}/export?format=json`)).text, exported);
  }
  for (const node of cluster.nodes) {
    await answer(node, { tokens: 1 }, { fields: { conversation_id: first.ids_.conversation } });
  }
  assert.equal((await messagesOf(cluster.nodes[0], first.ids_.conversation)).length, 8);
  assert.equal((await del(cluster.nodes[2], path)).status, 204);
});

test('imported through all nodes at the same instant, it has one owner', async (t) => {
  const stranger = new Cluster(mock);
  t.after(() => stranger.dispose());
  await stranger.start(1);
  for (let round = 0; round < 10; round += 1) {
    const first = await answer(stranger.nodes[0], { tokens: 2 });
    const path = `${conversations}/${first.ids_.conversation}`;
    const exported = (await get(stranger.nodes[0], `${path}/export?format=json`)).text;
    const all = await Promise.all(cluster.nodes.map((node) => (
      call(node, 'POST', `${conversations}/import`, {
        body: exported, headers: { 'Content-Type': 'application/json' },
      }))));
    const shown = all.map((one) => `${one.status} ${one.text.slice(0, 100)}`).join('\n');
    assert.ok(all.filter((one) => one.status === 201).length <= 1, `round ${round}: ${shown}`);
    // Whoever was refused asks again, as told.
    for (const [i, one] of all.entries()) {
      if (one.status === 503) {
        await until(async () => {
          const again = await call(cluster.nodes[i], 'POST', `${conversations}/import`, {
            body: exported, headers: { 'Content-Type': 'application/json' },
          });
          return [201, 409].includes(again.status);
        }, 'it is decided');
      } else {
        assert.ok([201, 409].includes(one.status), shown);
      }
    }
    const listed = (await get(cluster.nodes[0], `${conversations}?limit=100`)).json.data;
    assert.equal(listed.filter((one) => one.id === first.ids_.conversation).length, 1);
    assert.equal((await del(cluster.nodes[round % 3], path)).status, 204);
    for (const node of cluster.nodes) checkProblem(await get(node, path), 404);
  }
});

// -- lists ------------------------------------------------------------------------

async function wholeList(node, limit, next = (i) => (i, node)) {
  const data = [];
  let cursor = '';
  let i = 0;
  do {
    const page = await get(next(i), `${conversations}?limit=${limit}${cursor}`);
    assert.equal(page.status, 200, page.text);
    assert.equal(page.headers['x-missing-node'], undefined);
    assert.ok(page.json.data.length <= limit);
    data.push(...page.json.data);
    i += 1;
    cursor = page.json.next_cursor && `&cursor=${encodeURIComponent(page.json.next_cursor)}`;
  } while (cursor);
  return data;
}

test('lists hold the conversations of all nodes, newest activity first, on every node', async (t) => {
  const own = new Cluster(mock);
  t.after(() => own.dispose());
  await own.start(3);
  const made = [];
  // Unevenly: one node has most.
  const turns = [0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0];
  for (const turn of turns) {
    const one = await post(own.nodes[turn], conversations, { title: `of ${turn}` });
    made.push(one.json.id);
  }
  // Activity, through a node that does not own them, moves some to the front.
  for (const i of [3, 5, 21]) {
    await answer(own.nodes[2], { tokens: 1 }, { fields: { conversation_id: made[i] } });
  }
  const expected = await wholeList(own.nodes[0], 100);
  assert.deepEqual(expected.map((one) => one.id).sort(), [...made].sort());
  const times = expected.map((one) => one.updated_at);
  assert.deepEqual(times, [...times].sort().reverse());
  assert.deepEqual(expected.slice(0, 3).map((one) => one.id), [made[21], made[5], made[3]]);
  for (const node of own.nodes) {
    for (const limit of [1, 2, 7, 22, 23, 24]) {
      assert.deepEqual(await wholeList(node, limit), expected, `limit ${limit}`);
    }
  }
  assert.deepEqual(await wholeList(null, 3, (i) => own.nodes[i % 3]), expected,
    'a cursor of one node is good for the others');
  for (const bad of ['?limit=0', '?limit=101', '?cursor=nonsense']) {
    checkProblem(await get(own.nodes[1], `${conversations}${bad}`), 400);
  }
});

// -- keys -------------------------------------------------------------------------

const keyed = (key = newTag('key')) => ({ 'Idempotency-Key': key });
const header = (answered, name) => (
  answered.headers.get ? answered.headers.get(name) : answered.headers[name]);
const replayed = (answered) => header(answered, 'idempotent-replayed') === 'true';

test('the same key is one stream on all nodes, one after the other', async () => {
  for (const owner of cluster.nodes) {
    const plan = { tag: newTag(), tokens: 6, unicode: true };
    const headers = keyed();
    const first = await answer(owner, plan, { headers });
    assert.ok(!replayed(first));
    for (const node of cluster.nodes) {
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
    assert.equal(mock.calls(plan.tag), 1);
  }
});

test('the same key on all nodes at the same instant is one stream and one upstream call', async () => {
  const routes = [startRoute, messageRoute, streamRoute];
  for (let round = 0; round < 30; round += 1) {
    const tag = newTag();
    const headers = keyed();
    const body = say({ tag, tokens: 3 });
    const all = await Promise.all(Array.from({ length: 9 }, (_, i) => (
      post(cluster.nodes[i % 3], routes[Math.floor(i / 3)], body, headers))));
    const ids = new Set(all.map((answered) => {
      assert.ok([200, 202].includes(answered.status),
        `round ${round}: ${answered.status} ${answered.text}`);
      return answered.headers['x-stream-id'] ?? answered.json.stream_id ?? answered.json.id;
    }));
    assert.equal(ids.size, 1, `round ${round}: ${[...ids].join()}`);
    assert.equal(all.filter((answered) => !replayed(answered)).length, 1, 'one was the first');
    assert.equal(mock.calls(tag), 1);
  }
});

test('different bodies under one key at the same instant: one wins, the others are 422', async () => {
  for (let round = 0; round < 15; round += 1) {
    const headers = keyed();
    const tags = cluster.nodes.map(() => newTag());
    const all = await Promise.all(cluster.nodes.map((node, i) => (
      post(node, messageRoute, say({ tag: tags[i], tokens: 2 }), headers))));
    const shown = all.map((one) => `${one.status} ${one.text.slice(0, 120)}`).join('\n');
    assert.equal(all.filter((one) => one.status === 200).length, 1, shown);
    assert.equal(all.filter((one) => one.status === 422).length, 2, shown);
    assert.equal(tags.reduce((sum, tag) => sum + mock.calls(tag), 0), 1);
  }
});

test('one key into a conversation of one node, sent through all at once, is one message', async () => {
  for (const owner of cluster.nodes) {
    const { conversation } = (await answer(owner, { tokens: 1 })).ids_;
    const tag = newTag();
    const headers = keyed();
    const body = say({ tag, tokens: 3 }, { conversation_id: conversation });
    const all = await Promise.all(cluster.nodes.map((node) => (
      post(node, messageRoute, body, headers))));
    for (const one of all) assert.equal(one.status, 200, one.text);
    assert.equal(new Set(all.map((one) => one.json.stream_id)).size, 1);
    assert.equal(mock.calls(tag), 1);
    assert.equal((await messagesOf(owner, conversation)).length, 4);
  }
});

test('a key used for conversations of two nodes is 422 the second time', async () => {
  const [a, b, c] = cluster.nodes;
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
  const [a, b, c] = cluster.nodes;
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
  mock.release(busy);
  await running.end();
  checkProblem(await post(b, messageRoute, body, headers), 422);
  assert.equal(mock.calls(tag), 1);
});

test('a deleted conversation\'s key is free again on all nodes', async () => {
  const [a, b, c] = cluster.nodes;
  const headers = keyed();
  const plan = { tag: newTag(), tokens: 2 };
  const first = await answer(a, plan, { headers });
  assert.ok(replayed(await answer(b, plan, { headers })));
  assert.equal((await del(c, `${conversations}/${first.ids_.conversation}`)).status, 204);
  const second = await answer(b, plan, { headers });
  assert.ok(!replayed(second));
  assert.notEqual(second.ids_.stream, first.ids_.stream);
  const third = await answer(c, plan, { headers });
  assert.equal(third.ids_.stream, second.ids_.stream);
  assert.equal(mock.calls(plan.tag), 2);
});

test('keys are known after a restart of all nodes', async (t) => {
  const own = new Cluster(mock);
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
    assert.equal(mock.calls(plan.tag), 1);
  }
});
