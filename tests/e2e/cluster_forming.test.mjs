// How nodes find each other, leave and come back, and whom they refuse.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { runToExit, temporaryFolder } from '../support/parley.mjs';
import { until } from '../support/wait.mjs';
import { answer, get } from './lib/client.mjs';
import { emptyCluster, logLines, membersSeenBy, ownCluster } from './lib/cluster.mjs';

async function checkViews(cluster) {
  const { version } = (await get(cluster.running[0], '/version')).json;
  for (const node of cluster.running) {
    const members = await membersSeenBy(node);
    assert.deepEqual([...members.keys()], [...members.keys()].sort(), 'by name');
    for (const other of cluster.running) {
      const seen = members.get(other.name);
      assert.deepEqual(seen, {
        name: other.name,
        status: 'up',
        self: other === node,
        address: other.address,
        version,
        streams: 0,
        sees: cluster.running.map((one) => one.name).filter((name) => name !== other.name).sort(),
      });
    }
  }
}

test('nodes form a cluster in any order of their starts', async (t) => {
  for (const order of [[0, 1, 2], [2, 0, 1], [1, 2, 0]]) {
    const cluster = await emptyCluster(t);
    for (let i = 0; i < 3; i += 1) await cluster.add();
    // Everybody only knows the first.
    for (const node of cluster.nodes) node.options['cluster.seeds'] = cluster.nodes[0].address;
    for (const i of order) await cluster.nodes[i].start();
    await cluster.agreed();
    await checkViews(cluster);
    await cluster.dispose();
  }
});

test('a node that listens on port 0 says where, and others join it there', async (t) => {
  const cluster = await emptyCluster(t);
  const first = await cluster.add({ options: { 'cluster.listen': '127.0.0.1:0' } });
  await first.start();
  const [line] = await until(() => {
    const lines = logLines(first, 'cluster.listening');
    return lines.length > 0 && lines;
  }, 'the line cluster.listening');
  const port = /port=(\d+)/.exec(line)?.[1];
  assert.ok(Number(port) > 0, line);
  first.address = `127.0.0.1:${port}`;
  assert.equal((await membersSeenBy(first)).get('n1').address, first.address);
  const second = await cluster.add({ options: { 'cluster.seeds': first.address } });
  await second.start();
  await cluster.agreed();
  await checkViews(cluster);
});

test('a node without cluster.listen is a cluster of its own', async (t) => {
  const cluster = await emptyCluster(t);
  const node = await cluster.add({ options: { 'cluster.listen': null, 'cluster.seeds': null } });
  await node.start();
  assert.ok((await membersSeenBy(node)).size <= 1);
  await answer(node, { tokens: 2 });
});

test('a seed that is down at the start is asked again until it is there', async (t) => {
  const cluster = await emptyCluster(t);
  for (let i = 0; i < 3; i += 1) await cluster.add();
  const [first, second, third] = cluster.nodes;
  second.options['cluster.seeds'] = first.address;
  third.options['cluster.seeds'] = first.address;
  await second.start();
  await third.start();
  await answer(second, { tokens: 2 });
  assert.equal((await membersSeenBy(third)).size, 1);
  await first.start();
  await cluster.agreed();
  await checkViews(cluster);
});

test('a node that leaves is shown as down and is up again with its next process', async (t) => {
  const { cluster, a, b, c } = await ownCluster(t);
  c.terminate();
  assert.deepEqual(await c.stopped(), { code: 0, signal: null });
  await cluster.shows(a, c, 'down');
  await cluster.shows(b, c, 'down');
  await cluster.agreed();
  const seen = (await membersSeenBy(a)).get('n3');
  assert.deepEqual(seen.sees, []);
  assert.equal(seen.address, c.address);
  await c.start();
  await cluster.agreed();
  await checkViews(cluster);
});

test('a node remembers the others: it comes back without seeds, and without its seed', async (t) => {
  const { cluster, a, b, c } = await ownCluster(t);
  await c.kill9();
  await a.kill9();
  await cluster.shows(b, a, 'down');
  c.options['cluster.seeds'] = null;
  await c.start();
  await cluster.agreed();
  // Whose conversations n1 has is known although it is not there.
  assert.equal((await membersSeenBy(c)).get('n1').status, 'down');
  await a.start();
  await cluster.agreed();
  await checkViews(cluster);
});

test('all nodes killed at once come back as one cluster', async (t) => {
  const { cluster } = await ownCluster(t);
  await Promise.all(cluster.nodes.map((node) => node.kill9()));
  await Promise.all(cluster.nodes.map((node) => node.start()));
  await cluster.agreed();
  await checkViews(cluster);
});

test('a node that has moved to another address is found there', async (t) => {
  const { cluster, c } = await ownCluster(t);
  await c.kill9();
  const moved = await cluster.add({ name: 'n3', dataDir: c.dataDir });
  cluster.nodes.splice(cluster.nodes.indexOf(c), 1);
  t.after(() => c.dispose());
  cluster.seedAll();
  await moved.start();
  await cluster.agreed();
  await checkViews(cluster);
});

// Starts `node` and waits until it gives up.
async function untilRefused(node) {
  await node.start();
  node.expectedEnd = true;
  const end = await node.stopped();
  assert.equal(end.signal, null);
  assert.notEqual(end.code, 0);
  return logLines(node, 'cluster.refused_for_good');
}

test('a second node of the same name is refused and ends; the first goes on', async (t) => {
  const { cluster, a, b } = await ownCluster(t, {
    size: 2, options: { 'cluster.failure-timeout': '500ms' },
  });
  const other = await cluster.add({
    name: 'n2', options: { 'cluster.seeds': `${a.address},${b.address}` },
  });
  const [line] = await untilRefused(other);
  assert.match(line, /same node\.name/);
  assert.match(line, /n2/);
  assert.ok(logLines(b, 'cluster.node_refused').length > 0, 'the first tells of it, too');
  await answer(b, { tokens: 2 });
  assert.equal((await membersSeenBy(a)).get('n2').address, b.address);
  await cluster.agreed();
});

test('a copy of a data folder is refused, whatever its name; the original goes on', async (t) => {
  const { cluster, a, b } = await ownCluster(t, {
    size: 2, options: { 'cluster.failure-timeout': '500ms' },
  });
  await answer(b, { tokens: 2 });
  b.terminate();
  await b.stopped();
  const copy = path.join(temporaryFolder(), 'copy');
  t.after(() => fs.rmSync(path.dirname(copy), { recursive: true, force: true }));
  fs.cpSync(b.dataDir, copy, { recursive: true });
  await b.start();
  await cluster.agreed();
  const other = await cluster.add({ name: 'n2', dataDir: copy });
  other.options['cluster.seeds'] = a.address;
  const [line] = await untilRefused(other);
  assert.match(line, /same data folder|same node\.name/);
  await cluster.agreed();
  await answer(b, { tokens: 2 });
});

test('a data folder keeps its node\'s name', async (t) => {
  const { cluster, a, b } = await ownCluster(t, { size: 2 });
  b.terminate();
  await b.stopped();
  b.options['node.name'] = null;
  await b.start();
  await cluster.agreed();
  assert.equal((await membersSeenBy(a)).get('n2').address, b.address);
});

test('the same data folder cannot be used by two processes', async (t) => {
  const { a } = await ownCluster(t, { size: 1 });
  const second = await runToExit([`--data-dir=${a.dataDir}`, '--http.listen=127.0.0.1:0',
    '--cluster.listen=127.0.0.1:0']);
  assert.notEqual(second.code, 0);
  await answer(a, { tokens: 1 });
});
