// Nodes on hosts of their own (network namespaces) whose network is cut, split
// and lossy: each side serves what it owns, and all heals by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startMock, textOf } from '../support/mock_upstream.mjs';
import { Network, whyNoNamespaces } from '../support/network_namespaces.mjs';
import { seedFromEnvironment, until } from '../support/wait.mjs';
import {
  answer, get, join, messageRoute, messagesOf, newTag, openStream, post, say,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer, checkProblem } from './lib/checks.mjs';
import { Cluster, logLines, membersSeenBy } from './lib/cluster.mjs';
import { checkWhole, Load } from './lib/load.mjs';

const skip = whyNoNamespaces() ?? false;
const conversations = '/api/v1/conversations';
const port = 9090; // each host has all ports

async function ownNetwork(t, options = {}) {
  const network = new Network();
  const mock = await startMock({ host: network.address });
  const cluster = new Cluster(mock, {
    'cluster.failure-timeout': '1s', 'cluster.insecure': 'true', ...options,
  });
  t.after(async () => {
    try {
      await cluster.dispose();
      await mock.close();
    } finally {
      network.remove();
    }
  });
  for (let i = 0; i < 3; i += 1) {
    const host = network.add();
    const node = await cluster.add({
      launcher: host.launcher,
      options: {
        'http.listen': `${host.address}:0`, 'cluster.listen': `${host.address}:${port}`,
      },
    });
    node.address = `${host.address}:${port}`;
  }
  await cluster.start(3);
  const [a, b, c] = cluster.nodes;
  const [ha, hb, hc] = network.hosts;
  return { network, cluster, mock, a, b, c, ha, hb, hc };
}

async function missingFrom(node) {
  const answered = await get(node, `${conversations}?limit=100`);
  assert.equal(answered.status, 200, answered.text);
  return (answered.headers['x-missing-node'] ?? '').split(/, */).sort().join();
}

test('a split cluster serves on both sides what each owns, and heals', { skip }, async (t) => {
  const { network, cluster, mock, a, b, c, ha, hb, hc } = await ownNetwork(t);
  const old = await Promise.all([a, b, c].map((node) => answer(node, { tokens: 2 })));
  const plan = { tag: newTag(), gate: 3, tokens: 8, unicode: true };
  const said = textOf({ ...plan, tokens: 3 });
  const sender = await openStream(a, plan);
  const reader = await join(b, sender.ids_.stream);
  await reader.until((r) => r.text === said, 'three words');
  const across = { tag: newTag(), gate: 2, tokens: 5 };
  const kept = await openStream(b, across);
  const within = await join(c, kept.ids_.stream);
  await within.untilText('w1 ');

  network.split([ha], [hb, hc]);
  await cluster.shows(a, b, 'down');
  await cluster.shows(a, c, 'down');
  await cluster.shows(b, a, 'down');
  await cluster.shows(c, a, 'down');
  await reader.end();
  checkFrames(reader.frames);
  assert.equal(reader.terminal.code, 'node_lost');
  // Each side goes on with what it has.
  mock.release(plan.tag);
  await sender.end();
  checkGoodAnswer(sender, textOf(plan));
  mock.release(across.tag);
  await within.end();
  assert.equal(within.text, textOf(across));
  assert.equal(await missingFrom(a), 'n2,n3');
  assert.equal(await missingFrom(b), 'n1');
  const owned = [[a, old[0]], [b, old[1]], [c, old[1]], [b, old[2]], [c, old[2]]];
  for (const [node, one] of owned) {
    checkGoodAnswer(await answer(node, { tokens: 3 },
      { fields: { conversation_id: one.ids_.conversation } }), textOf({ tokens: 3 }));
  }
  for (const [node, one] of [[a, old[1]], [a, old[2]], [b, old[0]], [c, old[0]]]) {
    checkProblem(await post(node, messageRoute,
      say({ tokens: 1 }, { conversation_id: one.ids_.conversation })), 503, 'node_unavailable');
  }
  const fresh = await Promise.all([a, b, c].map((node) => answer(node, { tokens: 1 })));

  network.heal();
  await cluster.agreed();
  const rest = await join(c, sender.ids_.stream, { after: reader.frames.at(-2).seq });
  await rest.end();
  assert.equal(reader.text + rest.text, textOf(plan));
  for (const node of cluster.nodes) {
    assert.equal(await missingFrom(node), '');
    for (const one of [...old, ...fresh]) {
      const messages = await messagesOf(node, one.ids_.conversation);
      assert.ok(messages.every((message) => message.status === 'complete'));
    }
    assert.equal((await messagesOf(node, old[0].ids_.conversation)).length, 4);
    assert.equal((await messagesOf(node, old[1].ids_.conversation)).length, 6);
  }
});

test('two nodes that do not reach each other are both reached by the third', { skip }, async (t) => {
  const { network, cluster, a, b, c, ha, hb } = await ownNetwork(t);
  network.split([ha], [hb]);
  await cluster.shows(a, b, 'down');
  await cluster.shows(b, a, 'down');
  const ofA = await answer(a, { tokens: 2 });
  const ofB = await answer(b, { tokens: 2 });
  for (const one of [ofA, ofB]) {
    assert.equal((await messagesOf(c, one.ids_.conversation)).length, 2);
    checkGoodAnswer(await answer(c, { tokens: 2 },
      { fields: { conversation_id: one.ids_.conversation } }), textOf({ tokens: 2 }));
  }
  assert.equal(await missingFrom(c), '');
  assert.equal(await missingFrom(a), 'n2');
  await until(async () => {
    const members = await membersSeenBy(c);
    return ['n1', 'n2'].every((name) => members.get(name).sees.join() === 'n3');
  }, 'n3 hears who sees whom');
  network.heal();
  await cluster.agreed();
});

test('a node whose packets arrive nowhere is lost for all, and comes back', { skip }, async (t) => {
  const { network, cluster, a, b, c, ha, hb, hc } = await ownNetwork(t);
  network.muteOneWay(ha, hb);
  network.muteOneWay(ha, hc);
  for (const node of [b, c]) await cluster.shows(node, a, 'down');
  for (const node of [b, c]) await cluster.shows(a, node, 'down');
  checkGoodAnswer(await answer(a, { tokens: 2 }), textOf({ tokens: 2 }));
  checkGoodAnswer(await answer(b, { tokens: 2 }), textOf({ tokens: 2 }));
  network.heal();
  await cluster.agreed();
});

test('a pulled cable for a moment harms nobody, for long it is a lost node', { skip }, async (t) => {
  const { network, cluster, mock, a, b, c, ha } = await ownNetwork(t,
    { 'cluster.failure-timeout': '3s' });
  const plan = { tag: newTag(), gate: 2, tokens: 6 };
  const sender = await openStream(b, plan);
  const reader = await join(c, sender.ids_.stream);
  network.pull(ha);
  network.plug(ha);
  assert.equal((await get(a, '/healthz')).status, 200);
  await cluster.agreed();
  assert.equal(logLines(b, 'cluster.node_down').length, 0);
  network.pull(ha);
  await cluster.shows(b, a, 'down');
  await cluster.shows(c, a, 'down');
  mock.release(plan.tag);
  for (const one of [sender, reader]) {
    await one.end();
    assert.equal(one.text, textOf(plan));
  }
  assert.equal(await missingFrom(b), 'n1');
  network.plug(ha);
  await cluster.agreed();
});

test('a network that loses one packet in twenty loses no word', { skip }, async (t) => {
  const { network, cluster, mock } = await ownNetwork(t, { 'cluster.failure-timeout': '10s' });
  network.lose(20);
  const load = new Load(t, cluster, 3, seedFromEnvironment(t));
  await load.progress();
  const sent = await load.stop();
  network.heal();
  await cluster.agreed();
  await checkWhole(cluster, mock, sent, { interrupted: false });
});

test('splits under load lose nothing', { skip }, async (t) => {
  const { network, cluster, mock, ha, hb, hc } = await ownNetwork(t,
    { 'storage.durability': 'strict' });
  const [a, b, c] = cluster.nodes;
  const load = new Load(t, cluster, 4, seedFromEnvironment(t));
  const splits = [
    [[[ha], [hb, hc]], [a, b]], [[[ha], [hb], [hc]], [b, c]], [[[hb], [hc]], [c, b]],
  ];
  for (const [groups, [one, other]] of splits) {
    network.split(...groups);
    await cluster.shows(one, other, 'down');
    await cluster.shows(other, one, 'down');
    network.heal();
    await cluster.agreed();
    await load.progress();
  }
  await checkWhole(cluster, mock, await load.stop());
});
