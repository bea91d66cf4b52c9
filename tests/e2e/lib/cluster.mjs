// Several nodes of one cluster, as real processes on loopback.
//
// A node keeps its cluster address over restarts, as it would behind a name.
// The port is chosen below the range that the kernel takes for connections, so
// that none of them can be sitting on it when the node comes back.

import fs from 'node:fs';
import net from 'node:net';
import { after, before } from 'node:test';

import { startMock } from '../../support/mock_upstream.mjs';
import { Parley } from '../../support/parley.mjs';
import { until } from '../../support/wait.mjs';
import { get } from './client.mjs';

function canListen(port, host) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.on('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

const given = new Set();

// A port that nobody listens on and no connection will be given.
export async function fixedPort(host = '127.0.0.1') {
  const range = fs.readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  const below = Math.max(Number(range.split(/\s/)[0]), 12_000);
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * (below - 10_000));
    if (given.has(port)) continue;
    given.add(port);
    if (await canListen(port, host)) return port;
  }
}

// What GET /api/v1/cluster of a node says, by name.
export async function membersSeenBy(node) {
  const answered = await get(node, '/api/v1/cluster');
  if (answered.status !== 200) throw new Error(`cluster: ${answered.status} ${answered.text}`);
  return new Map(answered.json.nodes.map((one) => [one.name, one]));
}

export function isAlive(node) {
  return Boolean(node.url) && !node.end;
}

// Resident memory in bytes.
export function residentBytes(node) {
  const text = fs.readFileSync(`/proc/${node.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)[1]) * 1024;
}

export function logLines(node, event) {
  return node.stderr.split('\n').filter((line) => line.includes(event));
}

export class Cluster {
  constructor(mock, options = {}) {
    this.mock = mock;
    this.options = options;
    this.nodes = [];
  }

  // A node that is not started yet.
  async add({ options = {}, name = `n${this.nodes.length + 1}`, ...rest } = {}) {
    const address = `127.0.0.1:${await fixedPort()}`;
    const node = new Parley({
      mock: this.mock,
      options: {
        'node.name': name, 'cluster.listen': address, ...this.options, ...options,
      },
      env: {},
      ...rest,
    });
    node.name = name;
    node.address = address;
    this.nodes.push(node);
    return node;
  }

  // Every node is everybody's seed.
  seedAll() {
    const seeds = this.nodes.map((node) => node.address).join();
    for (const node of this.nodes) node.options['cluster.seeds'] = seeds;
  }

  get running() { return this.nodes.filter(isAlive); }

  async start(count) {
    while (this.nodes.length < count) await this.add();
    this.seedAll();
    await Promise.all(this.nodes.map((node) => node.start()));
    return this.agreed();
  }

  // All that run see each other, and of the rest nobody says that it is up.
  async agreed() {
    const names = this.running.map((node) => node.name).sort();
    try {
      await until(async () => (
        await Promise.all(this.running.map((node) => agrees(node, names)))
      ).every(Boolean), `${names} agree on the members`, { every: 50 });
    } catch (error) {
      error.message += `\n${(await Promise.all(this.running.map(viewText))).join('\n')}`;
      throw error;
    }
    return this;
  }

  // Until `node` says so of `other`.
  async shows(node, other, status) {
    await until(async () => (await membersSeenBy(node)).get(other.name)?.status === status,
      `${node.name} shows ${other.name} as ${status}`, { every: 20 });
  }

  async dispose() {
    const ends = await Promise.allSettled(
      this.nodes.map((node) => (node.child ? node.dispose() : null)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}

// What a node thinks of the others, and how it came to that.
export async function viewText(node) {
  const members = [...(await membersSeenBy(node)).values()]
    .map((one) => `${one.name} ${one.status} sees [${one.sees}]`);
  return `${node.name}: ${members.join(', ')}\n${logLines(node, ' cluster.').slice(-12).join('\n')}`;
}

async function agrees(node, names) {
  const members = await membersSeenBy(node);
  const up = [...members.values()].filter((one) => one.status !== 'down');
  if (up.map((one) => one.name).sort().join() !== names.join()) return false;
  return up.every((one) => (
    one.sees.join() === names.filter((name) => name !== one.name).join()));
}

// A mock upstream and a cluster that has formed, gone when the test is done.
export async function ownCluster(t, { size = 3, options = {} } = {}) {
  const cluster = await emptyCluster(t, options);
  await cluster.start(size);
  const [a, b, c] = cluster.nodes;
  return { cluster, mock: cluster.mock, a, b, c };
}

export async function emptyCluster(t, options = {}) {
  const mock = await startMock();
  t.after(() => mock.close());
  const cluster = new Cluster(mock, options);
  t.after(() => cluster.dispose());
  return cluster;
}

// The same for all tests of a file.
export function sharedCluster(size = 3) {
  const it = { mock: null, cluster: null };
  before(async () => {
    it.mock = await startMock();
    it.cluster = new Cluster(it.mock);
    await it.cluster.start(size);
  });
  after(async () => {
    try {
      await it.cluster?.dispose();
    } finally {
      await it.mock?.close();
    }
  });
  return it;
}
