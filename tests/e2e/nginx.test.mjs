// deploy/nginx.conf in Debian's nginx, in front of nodes that the test plays
// itself: which request goes where, how often, and when its answer arrives.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { temporaryFolder } from '../support/parley.mjs';
import { until, within } from '../support/wait.mjs';

const shipped = fs.readFileSync(
  fileURLToPath(new URL('../../deploy/nginx.conf', import.meta.url)), 'utf8');
const binary = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx']
  .find((name) => fs.existsSync(name)) ?? 'nginx';
const streamRoute = '/api/v1/chat/message/stream';
const withKey = { 'Idempotency-Key': 'one' };

// The shipped file, but for places: what it listens at, where nodes are, where
// it writes.
function configuration(folder, ports) {
  let text = shipped
    .replace('listen 8080;', `listen unix:${folder}/socket;`)
    .replaceAll('/tmp/nginx', `${folder}/nginx`)
    .replace('worker_processes auto', 'worker_processes 1')
    .replace(/(worker_rlimit_nofile|worker_connections) \d+/g, '$1 512');
  ports.forEach((port, index) => {
    text = text.replace(`node-${index + 1}:8080`, `127.0.0.1:${port}`);
  });
  const file = path.join(folder, 'nginx.conf');
  fs.writeFileSync(file, text);
  return file;
}

async function run(args) {
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (part) => { stderr += part; });
  const [code] = await within(once(child, 'close'), `the end of nginx ${args.join(' ')}`);
  return { code, stderr };
}

// Three nodes that answer with `serve` and count what they are asked. Those
// whose number is in `absent` cannot be reached.
async function world(t, serve, { absent = [] } = {}) {
  const folder = temporaryFolder();
  const seen = [];
  const nodes = await Promise.all([1, 2, 3].map(async (number) => {
    const node = http.createServer((request, response) => {
      seen.push({ node: number, path: request.url, headers: request.headers });
      request.resume();
      request.on('end', () => serve(request, response, number));
    });
    node.listen(0, '127.0.0.1');
    await once(node, 'listening');
    const { port } = node.address();
    return { node, port };
  }));
  for (const number of absent) nodes[number - 1].node.close();
  const file = configuration(folder, nodes.map((one) => one.port));
  const child = spawn(binary, ['-c', file, '-g', 'daemon off;'], { stdio: 'ignore' });
  const ended = once(child, 'close');
  t.after(async () => {
    child.kill('SIGTERM');
    for (const { node } of nodes) {
      node.closeAllConnections();
      node.close();
    }
    await within(ended, 'the end of nginx');
    fs.rmSync(folder, { recursive: true });
  });
  const socketPath = `${folder}/socket`;
  await until(() => fs.existsSync(`${folder}/nginx.pid`), 'nginx listening');
  return { socketPath, seen };
}

// Sends a request; the answer's head is there, its body is not.
async function open({ socketPath }, method, route, { headers = {}, body } = {}) {
  const request = http.request({ socketPath, method, path: route, headers, agent: false });
  request.end(body);
  const [response] = await within(once(request, 'response'), `the answer to ${method} ${route}`);
  return response;
}

async function send(...what) {
  const response = await open(...what);
  response.resume();
  await within(once(response, 'end'), 'the end of the answer');
  return response.statusCode;
}

const answer = (request, response) => response.end('{}');
const cut = (request) => request.socket.destroy();
// The first that is asked takes the request and dies.
const cutFirst = () => {
  let asked = 0;
  return (request, response) => {
    asked += 1;
    (asked === 1 ? cut : answer)(request, response);
  };
};

test('Debian\'s nginx accepts the configuration, with the nodes\' addresses in it', async (t) => {
  const folder = temporaryFolder();
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const { code, stderr } = await run(['-t', '-c', configuration(folder, [8081, 8082, 8083])]);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /warn/);
});

test('a message without a key is never sent to a second node once one had it', async (t) => {
  for (const route of [streamRoute, '/api/v1/chat/message', '/api/v1/chat/streams',
    '/v1/chat/completions']) {
    const it = await world(t, cutFirst());
    assert.equal(await send(it, 'POST', route, { body: '{}' }), 502, route);
    assert.equal(it.seen.length, 1, route);
  }
});

test('a message with a key goes on to another node', async (t) => {
  for (const route of [streamRoute, '/api/v1/chat/message', '/api/v1/chat/streams']) {
    const it = await world(t, cutFirst());
    assert.equal(await send(it, 'POST', route, { headers: withKey, body: '{}' }), 200, route);
    assert.equal(it.seen.length, 2, route);
    assert.deepEqual(it.seen.map((one) => one.path), [route, route]);
    assert.equal(it.seen[1].headers['idempotency-key'], 'one');
  }
});

test('a key on a route that knows none does not make a request go twice', async (t) => {
  const it = await world(t, cutFirst());
  const options = { headers: withKey, body: '{}' };
  assert.equal(await send(it, 'POST', '/api/v1/conversations', options), 502);
  assert.equal(it.seen.length, 1);
});

test('what only reads goes on to another node', async (t) => {
  const it = await world(t, cutFirst());
  assert.equal(await send(it, 'GET', '/api/v1/conversations'), 200);
  assert.equal(it.seen.length, 2);
});

test('with two nodes away every message reaches the third, once', async (t) => {
  const it = await world(t, answer, { absent: [1, 2] });
  for (let i = 0; i < 4; i += 1) {
    assert.equal(await send(it, 'POST', streamRoute, { body: '{}' }), 200);
  }
  assert.deepEqual(it.seen.map((one) => one.node), [3, 3, 3, 3]);
});

test('a frame is passed on before the next one is written, without the header\'s help', async (t) => {
  let node;
  const it = await world(t, (request, response) => {
    node = response;
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.flushHeaders();
  });
  const response = await open(it, 'POST', streamRoute, { body: '{}' });
  for (const frame of ['data: 1\n\n', ': ping\n\n', 'data: 2\n\n']) {
    node.write(frame);
    const [part] = await within(once(response, 'data'), frame);
    assert.equal(String(part), frame);
  }
});

test('a reader that goes is a reader that goes for the node, too', async (t) => {
  let closed;
  const it = await world(t, (request, response) => {
    closed = once(response, 'close');
    response.write('data: 1\n\n');
  });
  const response = await open(it, 'GET', '/api/v1/chat/streams/strm_1/events');
  response.destroy();
  await within(closed, 'the end of the connection to the node');
});

test('connections to the nodes are kept, with HTTP/1.1', async (t) => {
  const sockets = new Set();
  const it = await world(t, (request, response) => {
    assert.equal(request.httpVersion, '1.1');
    assert.notEqual(request.headers.connection, 'close');
    sockets.add(request.socket);
    answer(request, response);
  });
  for (let i = 0; i < 12; i += 1) assert.equal(await send(it, 'GET', '/version'), 200);
  assert.ok(sockets.size < 12, `${sockets.size} connections`);
});

test('a node\'s metrics are not shown to clients', async (t) => {
  const it = await world(t, answer);
  assert.equal(await send(it, 'GET', '/metrics'), 404);
  assert.equal(it.seen.length, 0);
});
