// API §1, §5: a request whose JSON is wrong is refused with an error that names
// the field, and leaves nothing behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  call, get, messageRoute, newTag, say, startRoute, streamRoute,
} from './lib/client.mjs';
import { checkProblem } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world();
const routes = [streamRoute, messageRoute, startRoute];

const send = (route, body, headers = {}) => call(it.parley, 'POST', route, {
  body, headers: { 'Content-Type': 'application/json', ...headers },
});

const conversations = async () => (
  await get(it.parley, '/api/v1/conversations?limit=100')).json.data.length;

// Sends `body` (bytes or text) to all three routes; nothing may be left.
async function refused(body, { field = null, status = 400, code = null, headers = {} } = {}) {
  const before = [await conversations(), it.mock.requests.length];
  for (const route of routes) {
    const problem = checkProblem(await send(route, body, headers), status, code);
    if (field) {
      assert.ok(problem.detail.includes(field), `'${field}' in: ${problem.detail}`);
    }
  }
  assert.deepEqual([await conversations(), it.mock.requests.length], before, 'nothing is left');
}

const bad = (fields) => JSON.stringify({ message: 'hi', ...fields });

// field, values that are refused
const table = [
  ['message', [null, '', 5, true, [], {}, ['hi']]],
  ['conversation_id', [5, [], {}, true]],
  ['model', [5, [], {}, false, 'x'.repeat(10000)]],
  ['system_prompt', [5, [], {}]],
  ['temperature', ['1', -0.1, 2.1, 1e99, [], true]],
  ['top_p', ['1', -0.1, 1.1, {}, true]],
  ['max_tokens', [0, -1, 1.5, '5', [], true, 1e99]],
  ['stop', [5, {}, [5], [null], true, ['a', 'b', 'c', 'd', 'e']]],
  ['seed', ['5', 1.5, [], true]],
  ['max_response_chars', [0, -1, 1.5, '5', [], true]],
  ['on_disconnect', ['stay', 5, [], {}, { cancel_after_ms: -1 }, { cancel_after_ms: '5' },
    { cancel_after_ms: 1.5 }, { after: 5 }, { cancel_after_ms: 5, extra: 1 }]],
  ['if_busy', ['wait', 5, true, {}]],
  ['metadata', [5, 'x', [], { a: 1 }, { a: null }, { a: ['b'] }, { a: { b: 'c' } },
    Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v']))]],
  ['colour', ['red', null]],
  ['messages', [[{ role: 'user', content: 'hi' }]]],
  ['stream', [true]],
];

for (const [field, values] of table) {
  test(`a wrong ${field} is refused and named`, async () => {
    for (const value of values) await refused(bad({ [field]: value }), { field });
  });
}

test('a conversation_id that can be none is refused', async () => {
  for (const value of ['', 'nonsense', 'conv_', 'strm_1', '\n', 'c'.repeat(5000)]) {
    const answered = await send(streamRoute, bad({ conversation_id: value }));
    assert.ok([400, 404].includes(answered.status), `${answered.status}`);
    checkProblem(answered, answered.status);
  }
});

test('a message is needed', async () => {
  await refused('{}', { field: 'message' });
});

test('system_prompt together with conversation_id is an error', async () => {
  const made = (await call(it.parley, 'POST', '/api/v1/conversations', { body: {} })).json;
  const body = bad({ conversation_id: made.id, system_prompt: 'x' });
  await refused(body, { field: 'system_prompt' });
});

test('a body that is not one JSON object is refused', async () => {
  for (const body of ['', ' ', 'null', '5', '"text"', '[]', '[{"message":"hi"}]', '{', '{"message"',
    '{"message":"hi"', '{"message":"hi"}}', '{"message":"hi"} {"message":"hi"}', "{'message':'hi'}",
    '{message:"hi"}', '{"message":"hi",}', '{"message":"hi"}x', '{"message":NaN}', 'message=hi',
    '<message>hi</message>', '{"message":"hi\n"}', '{"message":"\\x41"}', '{"message":"\\u12"}',
    '// c\n{"message":"hi"}', '\u0000', '{"message":"hi"}\u0000', '{"temperature":01,"message":"a"}']) {
    await refused(body);
  }
});

test('a UTF-8 byte order mark does not hide what is wrong behind it', async () => {
  const answered = await send(messageRoute, '\ufeff{"message":5}');
  checkProblem(answered, 400);
});

test('invalid UTF-8 is refused, wherever it stands', async () => {
  const bytes = [[0xff], [0xc3, 0x28], [0xe2, 0x82], [0xf0, 0x9f, 0x99], [0xed, 0xa0, 0x80],
    [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0x80], [0xfe]];
  for (const sequence of bytes) {
    for (const [before, after] of [['{"message":"a', 'b"}'], ['{"message":"a","metadata":{"', '":""}}'],
      ['{"message":"a","', '":1}']]) {
      await refused(Buffer.concat([Buffer.from(before), Buffer.from(sequence), Buffer.from(after)]));
    }
  }
});

test('lone surrogates are refused', async () => {
  for (const text of ['\\ud800', '\\udc00', '\\ud83d x', 'x \\ude00\\ud83d', '\\ud800\\ud800']) {
    await refused(`{"message":"${text}"}`);
    await refused(`{"message":"a","metadata":{"k":"${text}"}}`);
  }
});

test('escaped and plain characters above U+FFFF are taken, and stored the same', async () => {
  for (const body of ['{"message":"\\ud83d\\ude00 \\u00e9 \\" \\\\ \\/ \\n"}',
    JSON.stringify({ message: '😀 é " \\ / \n' })]) {
    const answered = await send(messageRoute, body);
    assert.equal(answered.status, 200, answered.text);
    assert.equal(answered.json.user_message.content, '😀 é " \\ / \n');
  }
});

test('NUL bytes are refused raw, and survive or are refused escaped', async () => {
  await refused('{"message":"a\u0000b"}');
  const escaped = await send(messageRoute, '{"message":"a\\u0000b"}');
  if (escaped.status === 200) assert.equal(escaped.json.user_message.content, 'a\u0000b');
  else checkProblem(escaped, 400);
});

test('deep nesting is refused without harm', async () => {
  for (const depth of [100, 10_000, 100_000]) {
    await refused(`{"message":"a","metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    await refused(`{"message":"a","metadata":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`);
    await refused('['.repeat(depth));
  }
});

test('a key that comes twice is refused and named', async () => {
  await refused('{"message":"a","message":"b"}', { field: 'message' });
  await refused('{"message":"a","metadata":{"k":"1","k":"2"}}');
  await refused('{"message":"a","mess\\u0061ge":"b"}', { field: 'message' });
});

test('a message is as long as limits.max-message-chars in code points, no longer', async (t) => {
  const { parley } = await ownWorld(t, { 'limits.max-message-chars': 100 });
  const body = (count) => ({ message: '🙂'.repeat(count) });
  assert.equal((await call(parley, 'POST', messageRoute, { body: body(100) })).status, 200);
  for (const route of routes) {
    const answered = await call(parley, 'POST', route, { body: body(101) });
    const problem = checkProblem(answered, 400, 'message_too_long');
    assert.ok(problem.detail.includes('message'), problem.detail);
  }
  const list = (await get(parley, '/api/v1/conversations')).json.data;
  assert.equal(list.length, 1, 'the refused ones made no conversation');
});

test('32000 code points are taken by default, 32001 are not', async () => {
  assert.equal((await send(messageRoute, JSON.stringify({ message: 'é'.repeat(32000) }))).status, 200);
  await refused(JSON.stringify({ message: 'é'.repeat(32001) }), { code: 'message_too_long' });
});

test('numbers of every notation are taken where they fit', async () => {
  for (const text of ['1', '1.0', '1e0', '10E-1', '0.5', '2', '0', '-0']) {
    const answered = await send(messageRoute, `{"message":"a","temperature":${text}}`);
    assert.equal(answered.status, 200, `${text}: ${answered.text}`);
  }
  for (const text of ['1e400', '-1', '1e2', '.5', '+1', '0x1', 'Infinity']) {
    await refused(`{"message":"a","temperature":${text}}`);
  }
});

test('an Idempotency-Key must be 1 to 255 visible ASCII bytes', async () => {
  const body = JSON.stringify(say({ tag: newTag(), tokens: 1 }));
  for (const key of ['', ' ', 'a b', 'x'.repeat(256), 'tab\there', 'naïve']) {
    await refused(body, { headers: { 'Idempotency-Key': Buffer.from(key).toString('latin1') } });
  }
  const good = await send(messageRoute, body, { 'Idempotency-Key': 'x'.repeat(255) });
  assert.equal(good.status, 200);
  const strange = await send(messageRoute, body, { 'Idempotency-Key': '!"#$%&\'()*+,-./:;<=>?@[]^_`{|}~' });
  assert.equal(strange.status, 200);
});

test('a Content-Type other than JSON, or none, is 415', async () => {
  for (const type of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/xml',
    'multipart/form-data; boundary=x', 'application/jsonx', 'json', '']) {
    for (const route of routes) {
      const answered = await call(it.parley, 'POST', route, {
        body: '{"message":"hi"}', headers: type === undefined ? {} : { 'Content-Type': type },
      });
      checkProblem(answered, 415);
    }
  }
});

test('JSON\'s Content-Type is known in every spelling', async () => {
  for (const type of ['application/json', 'Application/JSON', 'application/json; charset=utf-8',
    'application/json;charset="UTF-8"', 'application/json ; charset=utf-8']) {
    const answered = await call(it.parley, 'POST', messageRoute, {
      body: '{"message":"hi"}', headers: { 'Content-Type': type },
    });
    assert.equal(answered.status, 200, `${type}: ${answered.text}`);
  }
});
