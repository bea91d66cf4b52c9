// API §5: methods, routes, pipelining, Expect, HEAD, CORS, and errors that all
// look alike.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { RawConnection, exchange, requestBytes } from '../support/raw_http.mjs';
import {
  answer, call, get, messageRoute, newTag, openStream, post, say, startRoute, streamRoute,
} from './lib/client.mjs';
import { checkProblem } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world();
const json = { 'Content-Type': 'application/json' };
const flat = (response) => ({ ...response, headers: Object.fromEntries(response.headers) });

const routes = [
  [streamRoute, ['POST']], [messageRoute, ['POST']], [startRoute, ['POST']],
  [`${startRoute}/strm_x`, ['GET']], [`${startRoute}/strm_x/events`, ['GET']],
  [`${startRoute}/strm_x/cancel`, ['POST']],
  ['/api/v1/conversations', ['GET', 'POST']],
  ['/api/v1/conversations/import', ['POST']],
  ['/api/v1/conversations/conv_x', ['GET', 'PATCH', 'DELETE']],
  ['/api/v1/conversations/conv_x/messages', ['GET']],
  ['/api/v1/conversations/conv_x/export', ['GET']],
  ['/healthz', ['GET']], ['/readyz', ['GET']], ['/metrics', ['GET']], ['/version', ['GET']],
  ['/openapi.json', ['GET']],
];

test('a method that a route does not have is 405 with what it has in Allow', async () => {
  for (const [path, methods] of routes) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'BREW']) {
      // `conversations/import` is also a `conversations/{id}`.
      if (methods.includes(method) || path.endsWith('/import')) continue;
      const response = flat(await exchange(it.parley.port, requestBytes(method, path, json, '{}')));
      checkProblem(response, 405, 'method_not_allowed');
      for (const allowed of methods) {
        assert.match(response.headers.allow, new RegExp(`\\b${allowed}\\b`), `${method} ${path}`);
      }
      assert.ok(!response.headers.allow.split(/, */).includes(method));
    }
  }
});

test('an unknown route is 404, with any method', async () => {
  for (const path of ['/', '/api', '/api/v1', '/api/v1/chat', '/api/v2/conversations', '/healthz/',
    '/HEALTHZ', '/api/v1/conversations/a/b/c', '//healthz', '/api/v1/../../healthz', '/%68ealthz/x',
    '/healthz%00', '/nope?x=1', '/🙂']) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const bytes = Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
      const response = flat(await exchange(it.parley.port, bytes));
      // Bytes above ASCII in a target may be refused as such.
      if (response.status === 400 && /[^\0-\x7f]|%00/.test(path)) continue;
      if (path === '/' && response.status === 200) continue;
      checkProblem(response, 404, 'route_not_found');
    }
  }
});

test('a 404 with a body does not confuse the next request on its connection', async () => {
  const connection = await RawConnection.open(it.parley.port);
  for (let i = 0; i < 3; i += 1) {
    connection.write(requestBytes('POST', '/nope', json, '{"message":"GET / HTTP/1.1\\r\\n"}'));
    assert.equal((await connection.response()).status, 404);
    connection.write(requestBytes('GET', '/healthz'));
    assert.equal((await connection.response()).status, 200);
  }
  connection.close();
});

test('every error has an id of its request, and a client may name it', async () => {
  const first = checkProblem(await get(it.parley, '/nope'), 404);
  const second = checkProblem(await get(it.parley, '/nope'), 404);
  assert.notEqual(first.request_id, second.request_id);
  const named = await get(it.parley, '/healthz', { 'X-Request-Id': 'my-request-1' });
  assert.ok(named.headers['x-request-id']);
  const odd = await get(it.parley, '/healthz', { 'X-Request-Id': `${'x'.repeat(3000)}` });
  assert.ok(odd.headers['x-request-id'].length < 300);
});

test('pipelined requests are answered in order, streams among them', async () => {
  const connection = await RawConnection.open(it.parley.port);
  const stream = (seed) => requestBytes('POST', streamRoute, json,
    JSON.stringify(say({ tokens: 3, seed, first_delay_ms: 30 })));
  connection.write(Buffer.concat([
    requestBytes('GET', '/version'), stream(100), requestBytes('GET', '/nope'), stream(200),
    requestBytes('HEAD', '/healthz'), requestBytes('GET', '/healthz'),
  ]));
  assert.equal((await connection.response()).status, 200);
  assert.match((await connection.response('POST')).text, /w100 [^]*"type":"done"/);
  assert.equal((await connection.response()).status, 404);
  assert.match((await connection.response('POST')).text, /w200 [^]*"type":"done"/);
  const head = await connection.response('HEAD');
  assert.equal(head.status, 200);
  assert.equal((await connection.response()).status, 200);
  connection.close();
});

test('a thousand pipelined requests are all answered', async () => {
  const connection = await RawConnection.open(it.parley.port);
  connection.write(Buffer.concat(Array(1000).fill(requestBytes('GET', '/healthz'))));
  for (let i = 0; i < 1000; i += 1) assert.equal((await connection.response()).status, 200);
  connection.close();
});

test('Connection: close is obeyed, and said back', async () => {
  const connection = await RawConnection.open(it.parley.port);
  connection.write(requestBytes('GET', '/healthz', { Connection: 'close' }));
  const response = await connection.response();
  assert.equal(response.headers.get('connection')?.toLowerCase(), 'close');
  assert.equal((await connection.untilEnd()).length, 0);
});

test('Connection: close on a stream ends the connection after its last frame', async () => {
  const connection = await RawConnection.open(it.parley.port);
  connection.write(requestBytes('POST', streamRoute, { ...json, Connection: 'close' },
    JSON.stringify(say({ tokens: 3 }))));
  assert.match((await connection.response('POST')).text, /"type":"done"/);
  assert.equal((await connection.untilEnd()).length, 0);
});

test('Expect: 100-continue is answered before the body, or refused before it', async () => {
  const body = JSON.stringify(say('hi'));
  const head = { ...json, Expect: '100-continue', 'Content-Length': Buffer.byteLength(body) };
  const connection = await RawConnection.open(it.parley.port);
  connection.write(requestBytes('POST', messageRoute, head));
  assert.equal((await connection.head()).status, 100);
  connection.write(body);
  assert.equal((await connection.response('POST')).status, 200);
  connection.close();
  const refused = await exchange(it.parley.port, requestBytes('POST', messageRoute,
    { ...head, 'Content-Length': 100_000_000 }));
  assert.equal(refused.status, 413);
});

test('HEAD answers as GET does, without a body', async () => {
  const reader = await answer(it.parley, { tokens: 1 });
  const { conversation } = reader.ids_;
  for (const path of ['/healthz', '/readyz', '/version', '/openapi.json', '/api/v1/conversations',
    `/api/v1/conversations/${conversation}`, `/api/v1/conversations/${conversation}/messages`,
    `${startRoute}/${reader.ids_.stream}`]) {
    const plain = await get(it.parley, path);
    const connection = await RawConnection.open(it.parley.port);
    connection.write(requestBytes('HEAD', path));
    const response = await connection.response('HEAD');
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get('content-type'), plain.headers['content-type']);
    connection.write(requestBytes('GET', '/healthz'));
    assert.equal((await connection.response()).status, 200, `${path}: no body followed`);
    connection.close();
  }
  assert.equal((await call(it.parley, 'HEAD', '/nope')).status, 404);
  assert.equal((await call(it.parley, 'HEAD', streamRoute)).status, 405);
});

test('a HEAD of a stream\'s events says what GET would and ends', async () => {
  const reader = await answer(it.parley, { tokens: 1 });
  const connection = await RawConnection.open(it.parley.port);
  connection.write(requestBytes('HEAD', `${startRoute}/${reader.ids_.stream}/events`));
  const head = await connection.response('HEAD');
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(head.headers.get('content-length'), undefined);
  connection.write(requestBytes('GET', '/healthz'));
  assert.equal((await connection.response()).status, 200);
  connection.close();
});

// -- CORS -----------------------------------------------------------------------------

const origin = 'https://chat.example';
const preflight = (parley, path, from) => call(parley, 'OPTIONS', path, {
  headers: {
    Origin: from,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'content-type,idempotency-key,last-event-id',
  },
});

test('without http.cors.origins no CORS header is sent', async () => {
  for (const answered of [await get(it.parley, '/healthz', { Origin: origin }),
    await preflight(it.parley, streamRoute, origin)]) {
    assert.equal(answered.headers['access-control-allow-origin'], undefined);
  }
});

test('a listed origin is allowed on every answer, refusals too; another is not', async (t) => {
  const { parley } = await ownWorld(t, { 'http.cors.origins': `${origin},http://other.example:81` });
  const flight = await preflight(parley, streamRoute, origin);
  assert.ok([200, 204].includes(flight.status));
  assert.equal(flight.headers['access-control-allow-origin'], origin);
  assert.match(flight.headers['access-control-allow-methods'], /POST/);
  for (const name of ['content-type', 'idempotency-key', 'last-event-id']) {
    assert.ok(flight.headers['access-control-allow-headers'].toLowerCase().includes(name), name);
  }
  const good = await get(parley, '/healthz', { Origin: origin });
  const missing = await get(parley, '/nope', { Origin: origin });
  const bad = await call(parley, 'POST', streamRoute, {
    body: '{', headers: { ...json, Origin: origin },
  });
  const stream = await call(parley, 'POST', streamRoute, {
    body: say({ tokens: 1 }), headers: { Origin: origin },
  });
  for (const answered of [good, missing, bad, stream]) {
    assert.equal(answered.headers['access-control-allow-origin'], origin);
    assert.match(answered.headers.vary ?? '', /origin/i);
    const exposed = answered.headers['access-control-expose-headers'].toLowerCase();
    for (const name of ['x-stream-id', 'x-conversation-id', 'x-message-id', 'x-request-id',
      'location', 'retry-after']) {
      assert.ok(exposed.includes(name), name);
    }
  }
  const malformed = await exchange(parley.port, requestBytes('GET', '/healthz',
    { Origin: origin, 'X-Big': 'y'.repeat(70_000) }));
  assert.equal(malformed.status, 431);
  for (const from of ['https://evil.example', 'https://chat.example.evil', 'null',
    'http://chat.example', 'https://chat.example:444']) {
    const answered = await get(parley, '/healthz', { Origin: from });
    assert.equal(answered.headers['access-control-allow-origin'], undefined, from);
  }
  const second = await get(parley, '/healthz', { Origin: 'http://other.example:81' });
  assert.equal(second.headers['access-control-allow-origin'], 'http://other.example:81');
});

test('with * any origin is allowed', async (t) => {
  const { parley } = await ownWorld(t, { 'http.cors.origins': '*' });
  const answered = await get(parley, '/healthz', { Origin: 'https://any.example' });
  assert.ok(['*', 'https://any.example'].includes(answered.headers['access-control-allow-origin']));
});

// -- compression -----------------------------------------------------------------------

test('JSON above 1 KB is compressed for those who accept it, and only for them', async () => {
  const reader = await answer(it.parley, { tokens: 500 });
  const path = `/api/v1/conversations/${reader.ids_.conversation}/messages`;
  const plain = await get(it.parley, path);
  assert.equal(plain.headers['content-encoding'], undefined);
  for (const accept of ['gzip', 'br, gzip;q=0.8', 'deflate, gzip', '*']) {
    const small = await get(it.parley, path, { 'Accept-Encoding': accept });
    if (accept === '*' && !small.headers['content-encoding']) continue;
    assert.equal(small.headers['content-encoding'], 'gzip', accept);
    assert.match(small.headers.vary, /accept-encoding/i);
    assert.equal(gunzipSync(small.bytes).toString(), plain.text);
    assert.ok(small.bytes.length < plain.bytes.length);
  }
  for (const accept of ['identity', 'br', 'gzip;q=0', 'deflate']) {
    const answered = await get(it.parley, path, { 'Accept-Encoding': accept });
    assert.equal(answered.headers['content-encoding'], undefined, accept);
  }
  const tiny = await get(it.parley, '/version', { 'Accept-Encoding': 'gzip' });
  assert.equal(tiny.headers['content-encoding'], undefined);
  const head = await call(it.parley, 'HEAD', path, { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(head.status, 200);
});

test('a stream is compressed only where configured, and flushed after every frame', async (t) => {
  const headers = { 'Accept-Encoding': 'gzip' };
  const plain = await answer(it.parley, { tokens: 3 }, { headers });
  assert.equal(plain.headers.get('content-encoding'), null);
  const { mock, parley } = await ownWorld(t, { 'http.compress-sse': true });
  const tag = newTag();
  const reader = await openStream(parley, { tag, gate: 2, tokens: 4 }, { headers });
  assert.equal(reader.headers.get('content-encoding'), 'gzip');
  await reader.untilText('w1 ');
  mock.release(tag);
  await reader.end();
  assert.equal(reader.text, 'w0 w1 w2 w3 ');
  const uncompressed = await post(parley, streamRoute, say({ tokens: 2 }));
  assert.equal(uncompressed.headers['content-encoding'], undefined);
});
