// API §5: bytes that are not the HTTP we speak, and clients that never finish
// what they began. Each gets a clear answer and leaves nothing behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawConnection, exchange, requestBytes } from '../support/raw_http.mjs';
import { until } from '../support/wait.mjs';
import { get, messageRoute, say, streamRoute } from './lib/client.mjs';
import { checkProblem } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world();
const json = { 'Content-Type': 'application/json' };
const hello = JSON.stringify({ message: 'hi' });

async function alive(parley = it.parley) {
  assert.equal((await get(parley, '/healthz')).status, 200);
}

// Sends bytes; expects a problem and then the end of the connection.
async function refused(bytes, status, { parley = it.parley } = {}) {
  const connection = await RawConnection.open(parley.port);
  try {
    connection.write(bytes);
    const response = await connection.response();
    checkProblem({ ...response, headers: Object.fromEntries(response.headers) }, status);
    await connection.untilEnd();
  } finally {
    connection.close();
  }
}

const malformed = {
  'no HTTP at all': 'hello\r\n\r\n',
  'a TLS hello': Buffer.from('160301020001000001fc0303', 'hex').toString('latin1').padEnd(300, 'x'),
  'no version': 'GET /healthz\r\n\r\n',
  'a version that is none': 'GET /healthz HTTX/1.1\r\nHost: a\r\n\r\n',
  'no target': 'GET  HTTP/1.1\r\nHost: a\r\n\r\n',
  'a method with odd bytes': 'G\u0001T /healthz HTTP/1.1\r\nHost: a\r\n\r\n',
  'a header without a colon': 'GET /healthz HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n',
  'a space before the colon': 'GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n',
  'a NUL in a header': 'GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\u0000b\r\n\r\n',
  'a NUL in the target': 'GET /heal\u0000thz HTTP/1.1\r\nHost: a\r\n\r\n',
  'a negative length': `POST ${messageRoute} HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n`,
  'a length that is no number': `POST ${messageRoute} HTTP/1.1\r\nHost: a\r\nContent-Length: 5x\r\n\r\nhello`,
  'two lengths that differ': `POST ${messageRoute} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
  'a chunk size that is none': `POST ${messageRoute} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n`,
};

for (const [what, bytes] of Object.entries(malformed)) {
  test(`${what} is refused with 400 and the connection ends`, async () => {
    await refused(Buffer.from(bytes, 'latin1'), 400);
    await alive();
  });
}

test('a version from the future is refused with 400 or 505', async () => {
  const response = await exchange(it.parley.port, 'GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n');
  assert.ok([400, 505].includes(response.status), `${response.status}`);
});

test('a length beside chunked coding is never read two ways', async () => {
  const smuggled = `POST ${messageRoute} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`
    + 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n'
    + '0\r\n\r\nGET /version HTTP/1.1\r\nHost: a\r\n\r\n';
  const connection = await RawConnection.open(it.parley.port);
  connection.write(smuggled);
  const first = await connection.response('POST');
  assert.ok(first.status >= 400, `${first.status}`);
  // Whatever follows must not be an answer to the smuggled request, unless the
  // chunked reading, which RFC 9112 prefers, was taken for both.
  const rest = (await Promise.race([connection.untilEnd(),
    connection.response().then((r) => Buffer.from(`${r.status}`))])).toString();
  assert.ok(rest === '' || rest === '200' || rest === '400', rest);
  connection.close();
  await alive();
});

test('headers above the limit are 431, in one value, in many, in the target', async () => {
  const big = 'y'.repeat(70_000);
  await refused(requestBytes('GET', '/healthz', { 'X-Big': big }), 431);
  const many = Array.from({ length: 3000 }, (_, i) => [`X-Header-${i}`, 'some value']);
  await refused(requestBytes('GET', '/healthz', many), 431);
  const connection = await RawConnection.open(it.parley.port);
  connection.write(requestBytes('GET', `/healthz?${big}`));
  const { status } = await connection.response();
  assert.ok([414, 431].includes(status), `${status}`);
  connection.close();
  const fits = await exchange(it.parley.port, requestBytes('GET', '/healthz', { X: 'y'.repeat(8000) }));
  assert.equal(fits.status, 200);
  await alive();
});

test('a header that never ends is cut at the limit, not kept in memory', async () => {
  const connection = await RawConnection.open(it.parley.port);
  connection.write('GET /healthz HTTP/1.1\r\nHost: a\r\nX: ');
  let sent = 0;
  while (!connection.ended && sent < 64 * 1024 * 1024) {
    if (connection.buffer.length > 0) break;
    await connection.write('z'.repeat(8192));
    // Writing must not starve reading, or the answer is missed.
    await new Promise((go) => setImmediate(go));
    sent += 8192;
  }
  assert.equal((await connection.head()).status, 431);
  assert.ok(sent < 32 * 1024 * 1024);
  connection.close();
  await alive();
});

test('a body above limits.max-body-bytes is 413, announced or chunked', async (t) => {
  const { parley } = await ownWorld(t, { 'limits.max-body-bytes': 2000 });
  const exact = JSON.stringify({ message: 'x'.repeat(2000 - '{"message":""}'.length) });
  const fits = await exchange(parley.port, requestBytes('POST', messageRoute, json, exact));
  assert.equal(fits.status, 200);
  const over = requestBytes('POST', messageRoute, { ...json, 'Content-Length': 2001 });
  const early = await exchange(parley.port, over);
  checkProblem({ ...early, headers: Object.fromEntries(early.headers) }, 413);
  const connection = await RawConnection.open(parley.port);
  connection.write(requestBytes('POST', messageRoute, { ...json, 'Transfer-Encoding': 'chunked' }));
  for (let i = 0; i < 100 && connection.buffer.length === 0; i += 1) {
    await connection.write(`64\r\n${'x'.repeat(100)}\r\n`);
  }
  assert.equal((await connection.head()).status, 413);
  connection.close();
  const huge = await exchange(parley.port, requestBytes('POST', messageRoute,
    { ...json, 'Content-Length': '99999999999999999999' }));
  assert.ok([400, 413].includes(huge.status), `${huge.status}`);
  const listed = await get(parley, '/api/v1/conversations');
  assert.equal(listed.json.data.length, 1, 'only the good one made a conversation');
});

test('a client that sends a large refused body still reads its 413', async (t) => {
  const { parley } = await ownWorld(t, { 'limits.max-body-bytes': 2000 });
  const body = JSON.stringify({ message: 'x'.repeat(1_000_000) });
  const connection = await RawConnection.open(parley.port);
  connection.write(requestBytes('POST', messageRoute, json, body));
  assert.equal((await connection.response('POST')).status, 413);
  connection.close();
});

test('a header that comes a byte at a time is 408 and closed', async (t) => {
  const { parley } = await ownWorld(t, { 'http.header-timeout': '400ms' });
  const connection = await RawConnection.open(parley.port);
  const dripping = connection.drip(`GET /healthz HTTP/1.1\r\nX: ${'y'.repeat(5000)}`, { every: 20 });
  const response = await connection.response();
  checkProblem({ ...response, headers: Object.fromEntries(response.headers) }, 408);
  await connection.untilEnd();
  await dripping;
  connection.close();
  await alive(parley);
});

test('a body that never comes, or drips, is 408 and closed', async (t) => {
  const { parley } = await ownWorld(t, { 'http.body-timeout': '400ms' });
  for (const drips of [false, true]) {
    const connection = await RawConnection.open(parley.port);
    connection.write(requestBytes('POST', streamRoute, { ...json, 'Content-Length': 5000 }));
    const dripping = drips ? connection.drip('x'.repeat(5000), { every: 20 }) : null;
    const response = await connection.response();
    checkProblem({ ...response, headers: Object.fromEntries(response.headers) }, 408);
    await connection.untilEnd();
    await dripping;
    connection.close();
  }
  assert.equal((await get(parley, '/api/v1/conversations')).json.data.length, 0);
});

test('a connection that says nothing is closed in time', async (t) => {
  const { parley } = await ownWorld(t, {
    'http.header-timeout': '300ms', 'http.keep-alive-timeout': '300ms',
  });
  const silent = await RawConnection.open(parley.port);
  await silent.untilEnd();
  const after = await RawConnection.open(parley.port);
  after.write(requestBytes('GET', '/healthz'));
  assert.equal((await after.response()).status, 200);
  await after.untilEnd();
});

test('a request may be cut into bytes at will', async () => {
  const bytes = requestBytes('POST', messageRoute, json, JSON.stringify(say('Grüße 🙂')));
  for (const size of [1, 2, 3, 7]) {
    const connection = await RawConnection.open(it.parley.port);
    await connection.drip(bytes, { size });
    const response = await connection.response('POST');
    assert.equal(response.status, 200);
    assert.equal(response.json.user_message.content, 'Grüße 🙂');
    connection.close();
  }
});

test('a chunked request body is read, extensions and trailers too', async () => {
  const connection = await RawConnection.open(it.parley.port);
  connection.write(requestBytes('POST', messageRoute, { ...json, 'Transfer-Encoding': 'chunked' }));
  connection.write(`5;name=value\r\n${hello.slice(0, 5)}\r\n`);
  connection.write(`${(hello.length - 5).toString(16).toUpperCase()}\r\n${hello.slice(5)}\r\n`);
  connection.write('0\r\nX-Trailer: yes\r\n\r\n');
  assert.equal((await connection.response('POST')).status, 200);
  connection.close();
});

test('a client that is gone in the middle of its request leaves nothing', async () => {
  const count = async () => (await get(it.parley, '/api/v1/conversations?limit=100')).json.data.length;
  const before = await count();
  const bytes = requestBytes('POST', streamRoute, json, hello);
  for (let at = 0; at < bytes.length; at += 11) {
    const connection = await RawConnection.open(it.parley.port);
    await connection.write(bytes.subarray(0, at));
    if (at % 2) connection.reset();
    else connection.close();
  }
  await alive();
  assert.equal(await count(), before);
});

test('a client that half-closes after its request still gets its answer', async () => {
  const connection = await RawConnection.open(it.parley.port);
  await connection.write(requestBytes('GET', '/version'));
  connection.halfClose();
  assert.equal((await connection.response()).status, 200);
  connection.close();
});

test('a client that half-closes after asking for a stream reads it to its end', async () => {
  const body = JSON.stringify(say({ tokens: 40 }, { on_disconnect: 'cancel' }));
  const connection = await RawConnection.open(it.parley.port);
  await connection.write(requestBytes('POST', streamRoute, json, body));
  connection.halfClose();
  const answered = await connection.response();
  assert.equal(answered.status, 200);
  assert.match(answered.body.toString(), /"finish_reason":"stop"/);
  connection.close();
});

test('many connections at once are all served', async () => {
  const open = await Promise.all(Array.from({ length: 300 }, () => RawConnection.open(it.parley.port)));
  for (const connection of open) connection.write(requestBytes('GET', '/healthz'));
  for (const connection of open) assert.equal((await connection.response()).status, 200);
  for (const connection of open) connection.reset();
  await alive();
});

test('a server above http.max-connections says so or waits, and recovers', async (t) => {
  const { parley } = await ownWorld(t, { 'http.max-connections': 10 });
  const open = await Promise.all(Array.from({ length: 30 }, () => RawConnection.open(parley.port)));
  for (const connection of open) connection.write(requestBytes('GET', '/healthz'));
  const first = await open[0].response();
  assert.equal(first.status, 200);
  for (const connection of open) connection.close();
  await until(async () => {
    try {
      return (await get(parley, '/healthz')).status === 200;
    } catch {
      return false;
    }
  }, 'the server takes connections again');
});
