// One system: conversations and their lists through every node.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../support/wait.mjs';
import {
  answer, call, del, get, join, messageRoute, messagesOf, newTag, openStream, patch, post, say,
  startRoute,
} from './lib/client.mjs';
import { checkProblem } from './lib/checks.mjs';
import { Cluster, sharedCluster } from './lib/cluster.mjs';

const it = sharedCluster();

const conversations = '/api/v1/conversations';

function pairs() {
  return it.cluster.nodes.flatMap((owner) => (
    it.cluster.nodes.filter((node) => node !== owner).map((via) => [owner, via])));
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
    for (const node of it.cluster.nodes) {
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
    await until(() => it.mock.last(tag).state === 'client_closed', 'the upstream is left');
    for (const node of it.cluster.nodes) {
      checkProblem(await get(node, `${startRoute}/${sender.ids_.stream}`), 404);
    }
  }
});

test('messages are paged through another node as through their own', async () => {
  const [owner, via] = it.cluster.nodes;
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
      const node = it.cluster.nodes[i % 3];
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
    for (const node of it.cluster.nodes) checkProblem(await send(node), 409);
    assert.equal((await del(via, path)).status, 204);
    assert.equal((await send(via)).status, 201);
    for (const node of it.cluster.nodes) {
      assert.equal((await get(node, `${path}/export?format=json`)).text, exported.text);
      checkProblem(await send(node), 409);
    }
    const next = await answer(via, { tokens: 1 },
      { fields: { conversation_id: first.ids_.conversation } });
    assert.equal(next.ids_.conversation, first.ids_.conversation);
  }
});

test('a conversation of a node that nobody has met is imported once and found by all', async (t) => {
  const stranger = new Cluster(it.mock);
  t.after(() => stranger.dispose());
  await stranger.start(1);
  const first = await answer(stranger.nodes[0], { tokens: 4 });
  const path = `${conversations}/${first.ids_.conversation}`;
  const exported = (await get(stranger.nodes[0], `${path}/export?format=json`)).text;
  const send = (node) => call(node, 'POST', `${conversations}/import`, {
    body: exported, headers: { 'Content-Type': 'application/json' },
  });
  assert.equal((await send(it.cluster.nodes[1])).status, 201);
  for (const node of it.cluster.nodes) {
    checkProblem(await send(node), 409);
    assert.equal((await get(node, `${path}/export?format=json`)).text, exported);
  }
  for (const node of it.cluster.nodes) {
    await answer(node, { tokens: 1 }, { fields: { conversation_id: first.ids_.conversation } });
  }
  assert.equal((await messagesOf(it.cluster.nodes[0], first.ids_.conversation)).length, 8);
  assert.equal((await del(it.cluster.nodes[2], path)).status, 204);
});

test('imported through all nodes at the same instant, it has one owner', async (t) => {
  const stranger = new Cluster(it.mock);
  t.after(() => stranger.dispose());
  await stranger.start(1);
  for (let round = 0; round < 10; round += 1) {
    const first = await answer(stranger.nodes[0], { tokens: 2 });
    const path = `${conversations}/${first.ids_.conversation}`;
    const exported = (await get(stranger.nodes[0], `${path}/export?format=json`)).text;
    const all = await Promise.all(it.cluster.nodes.map((node) => (
      call(node, 'POST', `${conversations}/import`, {
        body: exported, headers: { 'Content-Type': 'application/json' },
      }))));
    const shown = all.map((one) => `${one.status} ${one.text.slice(0, 100)}`).join('\n');
    assert.ok(all.filter((one) => one.status === 201).length <= 1, `round ${round}: ${shown}`);
    // Whoever was refused asks again, as told.
    for (const [i, one] of all.entries()) {
      if (one.status === 503) {
        await until(async () => {
          const again = await call(it.cluster.nodes[i], 'POST', `${conversations}/import`, {
            body: exported, headers: { 'Content-Type': 'application/json' },
          });
          return [201, 409].includes(again.status);
        }, 'it is decided');
      } else {
        assert.ok([201, 409].includes(one.status), shown);
      }
    }
    const listed = (await get(it.cluster.nodes[0], `${conversations}?limit=100`)).json.data;
    assert.equal(listed.filter((one) => one.id === first.ids_.conversation).length, 1);
    assert.equal((await del(it.cluster.nodes[round % 3], path)).status, 204);
    for (const node of it.cluster.nodes) checkProblem(await get(node, path), 404);
  }
});

// -- lists ------------------------------------------------------------------------

async function wholeList(node, limit, next = () => node) {
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
  const own = new Cluster(it.mock);
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
