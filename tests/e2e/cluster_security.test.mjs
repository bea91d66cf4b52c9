// Who may join a cluster, and what strangers can do to its port: nothing.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import tls from 'node:tls';
import { after, before, test } from 'node:test';

import { Authority } from '../support/certificates.mjs';
import { runToExit, temporaryFolder } from '../support/parley.mjs';
import { RawConnection } from '../support/raw_http.mjs';
import { randomFrom, seedFromEnvironment, until } from '../support/wait.mjs';
import { answer, join, messagesOf } from './lib/client.mjs';
import {
  emptyCluster, fixedPort, logLines, membersSeenBy, ownCluster, residentBytes,
} from './lib/cluster.mjs';

let authority;
let stranger;
let files; // of the cluster's nodes
before(() => {
  authority = new Authority('the cluster');
  stranger = new Authority('somebody else');
  files = authority.issue('node');
});
after(() => {
  authority?.remove();
  stranger?.remove();
});

const withTls = ({ cert, key, ca }) => ({
  'cluster.tls-cert-file': cert, 'cluster.tls-key-file': key, 'cluster.tls-ca-file': ca,
});
const plain = {
  'cluster.tls-cert-file': null, 'cluster.tls-key-file': null, 'cluster.tls-ca-file': null,
};

async function checkWorks(cluster) {
  await cluster.agreed();
  for (const owner of cluster.running) {
    const first = await answer(owner, { tokens: 5 });
    for (const node of cluster.running) {
      const read = await (await join(node, first.ids_.stream)).end();
      assert.equal(read.text, first.text);
      assert.equal((await messagesOf(node, first.ids_.conversation)).length, 2);
    }
  }
}

// -- who may join -----------------------------------------------------------------

test('three nodes with certificates of one authority are a cluster', async (t) => {
  const cluster = await emptyCluster(t);
  for (const name of ['one', 'two', 'three']) {
    await cluster.add({ options: withTls(authority.issue(name)) });
  }
  await cluster.start(3);
  await checkWorks(cluster);
  const [a, b] = cluster.nodes;
  await b.kill9();
  await cluster.shows(a, b, 'down');
  await b.start();
  await checkWorks(cluster);
});

test('a node that is not of the authority, or speaks without TLS, does not get in', async (t) => {
  const { cluster, a, b } = await ownCluster(t, { size: 2, options: withTls(files) });
  const intruders = [
    withTls(stranger.issue('intruder')),
    // It would trust the cluster, but the cluster does not trust it.
    withTls({ ...stranger.issue('spy'), ca: authority.ca }),
    withTls(authority.issue('expired', { days: -1 })),
    plain,
  ];
  const outside = await emptyCluster(t);
  for (const [i, options] of intruders.entries()) {
    const node = await outside.add({
      name: `intruder-${i}`,
      options: { ...options, 'cluster.seeds': `${a.address},${b.address}`, 'log.level': 'debug' },
    });
    await node.start();
  }
  // It knows of an intruder's address, too, so both sides try.
  const bait = await cluster.add();
  cluster.seedAll();
  bait.options['cluster.seeds'] += `,${outside.nodes.map((node) => node.address).join()}`;
  await bait.start();
  await cluster.agreed();
  // Some rounds of their attempts: a cluster that forms meanwhile shows that
  // there was time for them.
  const late = await cluster.add();
  cluster.seedAll();
  await late.start();
  await checkWorks(cluster);
  for (const node of cluster.nodes) {
    assert.deepEqual([...(await membersSeenBy(node)).keys()], ['n1', 'n2', 'n3', 'n4']);
  }
  for (const node of outside.nodes) {
    assert.equal((await membersSeenBy(node)).size, 1, node.name);
    assert.equal(logLines(node, 'cluster.node_up').length, 0);
    await answer(node, { tokens: 1 });
  }
});

test('a node with TLS does not join a cluster without', async (t) => {
  const { cluster, a } = await ownCluster(t, { size: 2 });
  const outside = await emptyCluster(t, withTls(files));
  const node = await outside.add({ options: { 'cluster.seeds': a.address } });
  await node.start();
  const late = await cluster.add();
  cluster.seedAll();
  await late.start();
  await checkWorks(cluster);
  assert.equal((await membersSeenBy(node)).size, 1);
});

test('without TLS a node does not listen beyond loopback, unless told that this is wanted', async (t) => {
  const folder = temporaryFolder();
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const port = await fixedPort('0.0.0.0');
  for (const host of ['0.0.0.0', '[::]', ...outerAddresses()]) {
    const ended = await runToExit([`--data-dir=${folder}`, '--http.listen=127.0.0.1:0',
      `--cluster.listen=${host}:${port}`]);
    assert.notEqual(ended.code, 0, host);
    assert.match(ended.stderr, /cluster\.insecure/);
    assert.match(ended.stderr, /tls-cert-file/);
  }
  const cluster = await emptyCluster(t);
  const first = await cluster.add({
    options: {
      'cluster.listen': `0.0.0.0:${port}`,
      'cluster.advertise': `127.0.0.1:${port}`,
      'cluster.insecure': 'true',
    },
  });
  first.address = `127.0.0.1:${port}`;
  const secure = await fixedPort('0.0.0.0');
  await cluster.start(2);
  await checkWorks(cluster);
  const other = await emptyCluster(t, withTls(files));
  await other.add({
    options: {
      'cluster.listen': `0.0.0.0:${secure}`, 'cluster.advertise': `127.0.0.1:${secure}`,
    },
  });
  other.nodes[0].address = `127.0.0.1:${secure}`;
  await other.start(2);
  await checkWorks(other);
});

function outerAddresses() {
  return Object.values(os.networkInterfaces()).flat()
    .filter((one) => !one.internal && one.family === 'IPv4').map((one) => one.address).slice(0, 1);
}

test('certificates that cannot be used are found at the start', async (t) => {
  const folder = temporaryFolder();
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const { cert, key, ca } = files;
  const wrong = [
    [{ cert, key }, /belong together/],
    [{ cert: '/nonexistent.pem', key, ca }, /tls-cert-file/],
    [{ cert, key: cert, ca }, /tls-key-file/],
    [{ cert, key: stranger.issue('other').key, ca }, /tls-key-file/],
    [{ cert, key, ca: key }, /tls-ca-file/],
  ];
  for (const [given, sentence] of wrong) {
    const ended = await runToExit([`--data-dir=${folder}`, '--http.listen=127.0.0.1:0',
      '--cluster.listen=127.0.0.1:0',
      ...Object.entries(given).map(([name, file]) => `--cluster.tls-${name}-file=${file}`)]);
    assert.notEqual(ended.code, 0, sentence);
    assert.match(ended.stderr, sentence);
  }
});

// -- hostile bytes -------------------------------------------------------------------

const operations = [0, 1, 2, 3, 4, 5, 6, 7, 200, 255];

// CAF's BASP: operation, padding, flags, length of what follows, operation data,
// source, destination.
function baspHeader(operation, length, { data = 0n, flags = 0 } = {}) {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt8(operation, 0);
  bytes.writeUInt8(flags, 3);
  bytes.writeUInt32BE(length, 4);
  bytes.writeBigUInt64BE(data, 8);
  bytes.writeBigUInt64BE(1n, 16);
  bytes.writeBigUInt64BE(1n, 24);
  return bytes;
}

function randomBytes(random, count) {
  return Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));
}

// The first bytes that a node sends to whoever connects.
async function greetingOf(port) {
  const connection = await RawConnection.open(port);
  await connection.need(() => connection.buffer.length >= 32, 'a handshake');
  const bytes = Buffer.from(connection.buffer);
  connection.close();
  return bytes;
}

function hostileBytes(random, greeting) {
  const reply = Buffer.from(greeting); // as one that connects says it
  reply[0] = 1;
  const all = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from('POST /api/v1/chat/message HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'),
    Buffer.alloc(1),
    Buffer.alloc(32),
    Buffer.alloc(4096),
    Buffer.alloc(70_000, 0xff),
    // Half of what a TLS client says first.
    Buffer.from('16030102000100', 'hex'),
    greeting.subarray(0, 20),
    greeting.subarray(0, 40),
    greeting,
    Buffer.concat([greeting, greeting]),
  ];
  for (const operation of operations) {
    for (const length of [0, 1, 100, 100_000_000, 0x7fffffff, 0xffffffff]) {
      all.push(baspHeader(operation, length));
      all.push(Buffer.concat([baspHeader(operation, length), Buffer.alloc(100, 0x41)]));
    }
    // With the right version, and behind a proper handshake.
    all.push(Buffer.concat([baspHeader(operation, 64, { data: greeting.readBigUInt64BE(8) }),
      randomBytes(random, 64)]));
    for (const flags of [0, 1, 255]) {
      all.push(Buffer.concat([reply, baspHeader(operation, 32, { flags }),
        randomBytes(random, 32)]));
    }
  }
  for (let i = 0; i < 100; i += 1) all.push(randomBytes(random, 1 + Math.floor(random() * 400)));
  // The greeting with a byte that is another.
  for (let i = 0; i < 100; i += 1) {
    const changed = Buffer.from(greeting);
    changed[Math.floor(random() * changed.length)] ^= 1 << Math.floor(random() * 8);
    changed[0] = Math.floor(random() * 3);
    all.push(changed);
  }
  return all;
}

async function throwAt(port, all, open = (bytes) => RawConnection.open(port).then(async (c) => {
  await c.write(bytes);
  return c;
})) {
  const connections = [];
  for (const bytes of all) connections.push(await open(bytes).catch(() => null));
  return connections.filter(Boolean);
}

// As much as the connections themselves, and what every connection may hold.
const allowedGrowth = 160 * 1024 * 1024;

function checkMemory(t, node, before_) {
  const grown = residentBytes(node) - before_;
  t.diagnostic(`resident memory grew by ${(grown / 2 ** 20).toFixed(1)} MiB`);
  assert.ok(grown < allowedGrowth, `memory grew by ${grown}`);
}

test('hostile bytes on the plain cluster port harm nobody', async (t) => {
  const random = randomFrom(seedFromEnvironment(t));
  const { cluster, a } = await ownCluster(t, { size: 2 });
  const port = Number(a.address.split(':')[1]);
  const before_ = residentBytes(a);
  const greeting = await greetingOf(port);
  const held = await throwAt(port, hostileBytes(random, greeting));
  await checkWorks(cluster);
  checkMemory(t, a, before_);
  held.forEach((connection) => connection.reset());
  await checkWorks(cluster);
  assert.equal(logLines(a, 'cluster.node_down').length, 0, 'no member was disconnected');
  assert.equal((await membersSeenBy(a)).size, 2);
});

test('hostile bytes on the TLS cluster port harm nobody', async (t) => {
  const random = randomFrom(seedFromEnvironment(t));
  const { cluster, a } = await ownCluster(t, { size: 2, options: withTls(files) });
  const port = Number(a.address.split(':')[1]);
  const before_ = residentBytes(a);
  const made = baspHeader(1, 64, { data: 0n });
  const held = await throwAt(port, hostileBytes(random, Buffer.concat([made, made])));
  // With a TLS client that has no certificate, and one of another authority.
  const other = stranger.issue('hostile');
  const keys = [{}, { cert: fs.readFileSync(other.cert), key: fs.readFileSync(other.key) }];
  for (const credentials of keys) {
    const said = await throwAt(port, [made, randomBytes(random, 100)], (bytes) => (
      new Promise((resolve) => {
        const socket = tls.connect({
          port, host: '127.0.0.1', rejectUnauthorized: false, ...credentials,
        }, () => socket.write(bytes));
        let heard = 0;
        socket.on('data', (part) => { heard += part.length; });
        socket.on('error', () => {});
        socket.on('close', () => resolve({ heard, reset() {} }));
      })));
    for (const { heard } of said) assert.equal(heard, 0, 'nothing is told to a stranger');
  }
  await checkWorks(cluster);
  checkMemory(t, a, before_);
  held.forEach((connection) => connection.reset());
  await checkWorks(cluster);
  assert.equal(logLines(a, 'cluster.node_down').length, 0, 'no member was disconnected');
});

for (const kind of ['plain', 'TLS']) {
  test(`500 silent connections to the ${kind} cluster port keep nobody out`, async (t) => {
    const { cluster, a } = await ownCluster(t, {
      size: 2, options: kind === 'TLS' ? withTls(files) : {},
    });
    const port = Number(a.address.split(':')[1]);
    const before_ = residentBytes(a);
    const held = await throwAt(port, Array.from({ length: 500 }, () => Buffer.alloc(0)));
    t.after(() => held.forEach((connection) => connection.close()));
    assert.equal(held.length, 500);
    await checkWorks(cluster);
    const late = await cluster.add();
    cluster.seedAll();
    await late.start();
    await checkWorks(cluster);
    checkMemory(t, a, before_);
    held.forEach((connection) => connection.reset());
    await until(() => held.every((connection) => connection.ended), 'they are gone');
    await checkWorks(cluster);
  });
}
