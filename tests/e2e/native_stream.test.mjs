// API §1: what the native stream's answer looks like, byte for byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { RawConnection, requestBytes } from '../support/raw_http.mjs';
import {
  answer, call, get, messagesOf, newTag, openStream, say, storedAnswer, streamRoute,
} from './lib/client.mjs';
import {
  checkFrames, checkGoodAnswer, checkPostBody, idPattern, timePattern,
} from './lib/checks.mjs';
import { world } from './lib/setup.mjs';

const it = world();
const json = { 'Content-Type': 'application/json' };

test('an answer is start, content in order and one done, each frame a line of data', async () => {
  const plan = { tokens: 30 };
  const reader = await answer(it.parley, plan);
  checkGoodAnswer(reader, textOf(plan));
  assert.ok(!/^(id|event|retry):/m.test(reader.raw.toString()), 'no id, event or retry lines');
});

test('a content frame is {"chunk","type","seq"}, in this order, as bytes', async () => {
  const reader = await answer(it.parley, { tokens: 3 });
  const lines = reader.raw.toString().split('\n\n').filter((line) => line.includes('"content"'));
  assert.ok(lines.length >= 1);
  for (const line of lines) {
    assert.match(line, /^data: \{"chunk":"(?:[^"\\]|\\.)*","type":"content","seq":\d+\}$/);
  }
});

test('the headers are the promised ones and the ids agree with the start frame', async () => {
  const reader = await answer(it.parley, { tokens: 2 });
  const h = (name) => reader.headers.get(name);
  assert.equal(h('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(h('cache-control'), 'no-cache, no-transform');
  assert.equal(h('x-accel-buffering'), 'no');
  assert.ok(h('x-request-id'));
  const { start, terminal } = reader;
  assert.match(start.stream_id, idPattern.stream);
  assert.match(start.conversation_id, idPattern.conversation);
  assert.match(start.message_id, idPattern.message);
  assert.match(start.user_message_id, idPattern.message);
  assert.notEqual(start.message_id, start.user_message_id);
  assert.equal(h('x-stream-id'), start.stream_id);
  assert.equal(h('x-conversation-id'), start.conversation_id);
  assert.equal(h('x-message-id'), start.message_id);
  assert.equal(terminal.message_id, start.message_id);
  assert.equal(start.model, 'mock');
});

test('the body is chunked, ends with the terminal frame, and the connection stays usable', async () => {
  const connection = await RawConnection.open(it.parley.port);
  try {
    for (let round = 0; round < 3; round += 1) {
      connection.write(requestBytes('POST', streamRoute, json, JSON.stringify(say({ tokens: 5 }))));
      const response = await connection.response('POST');
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('transfer-encoding'), 'chunked');
      assert.equal(response.headers.get('connection')?.toLowerCase(), 'keep-alive');
      checkPostBody(response.body);
      assert.match(response.text, /"type":"done"[^\n]*\n\n$/);
    }
    connection.write(requestBytes('GET', '/healthz'));
    assert.equal((await connection.response()).status, 200);
  } finally {
    connection.close();
  }
});

test('headers and the start frame come before the upstream has answered', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, hold_head: true, tokens: 4 });
  await reader.until((r) => r.start, 'the start frame');
  assert.equal(reader.of('content').length, 0);
  it.mock.release(tag);
  await reader.end();
  checkGoodAnswer(reader, textOf({ tokens: 4 }));
});

test('the user message is stored before the 200, the answer is generating until its end', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 3, tokens: 6 });
  const { conversation, message } = reader.ids_;
  const before = await messagesOf(it.parley, conversation);
  assert.deepEqual(before.map((m) => [m.role, m.status]),
    [['user', 'complete'], ['assistant', 'generating']]);
  assert.equal(before[1].id, message);
  await reader.untilText('w2 ');
  it.mock.release(tag);
  await reader.end();
  const after = await messagesOf(it.parley, conversation);
  assert.equal(after[1].status, 'complete');
  assert.equal(after[1].content, reader.text);
});

test('the stored messages hold every promised field', async () => {
  const metadata = { client: 'e2e', 'ключ': 'значение' };
  const reader = await answer(it.parley, { tokens: 4 }, { fields: { metadata } });
  const [user, assistant] = await messagesOf(it.parley, reader.ids_.conversation);
  for (const message of [user, assistant]) {
    for (const field of ['id', 'conversation_id', 'role', 'content', 'reasoning', 'status',
      'created_at', 'stream_id', 'model', 'finish_reason', 'usage', 'metadata']) {
      assert.ok(field in message, `${field} in ${JSON.stringify(message)}`);
    }
    assert.match(message.created_at, timePattern);
    assert.equal(message.conversation_id, reader.ids_.conversation);
  }
  assert.equal(user.id, reader.start.user_message_id);
  assert.equal(user.content, say({ tokens: 4 }).message);
  assert.deepEqual(user.metadata, metadata);
  assert.equal(assistant.stream_id, reader.start.stream_id);
  assert.equal(assistant.model, 'mock');
  assert.equal(assistant.finish_reason, 'stop');
  assert.deepEqual(assistant.usage, reader.terminal.usage);
});

test('usage is the provider\'s where it tells, and estimated where it does not', async () => {
  const told = await answer(it.parley, { tokens: 7 });
  assert.deepEqual(told.terminal.usage, {
    prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, source: 'provider',
  });
  const untold = await answer(it.parley, { tokens: 7, usage: false });
  assert.equal(untold.terminal.usage.source, 'estimated');
  assert.ok(untold.terminal.usage.completion_tokens > 0);
});

test('text of every script arrives unchanged, however the upstream cuts and escapes it', async () => {
  for (const how of [{}, { split: 1 }, { split: 7 }, { ascii: true }, { eol: '\r\n' },
    { comments: true }, { framing: 'close' }, { ascii: true, split: 3, eol: '\r\n' }]) {
    const plan = { tokens: 21, unicode: true, ...how };
    const reader = await answer(it.parley, plan);
    checkGoodAnswer(reader, textOf(plan));
    assert.equal((await storedAnswer(it.parley, reader)).content, textOf(plan));
  }
});

test('a token of 64 KB passes, under a cap that allows it', async () => {
  const reader = await answer(it.parley, { fault: 'big_token' });
  checkGoodAnswer(reader, 'x'.repeat(4000), { reason: 'length' });
});

test('reasoning has frames and a stored field of its own', async () => {
  for (const reasoning_key of ['reasoning_content', 'reasoning']) {
    const reader = await answer(it.parley, { tokens: 3, reasoning: 3, reasoning_key });
    checkGoodAnswer(reader, textOf({ tokens: 3 }));
    const thoughts = reader.of('reasoning').map((frame) => frame.chunk).join('');
    assert.equal(thoughts, 'thought 0. thought 1. thought 2. ');
    const stored = await storedAnswer(it.parley, reader);
    assert.equal(stored.reasoning, thoughts);
    assert.equal(stored.content, textOf({ tokens: 3 }));
  }
});

test('tool calls are passed through and end with tool_calls', async () => {
  const reader = await answer(it.parley, { fault: 'tool_call', at: 0 });
  checkPostBody(reader.raw);
  checkFrames(reader.frames);
  const calls = reader.of('tool_call');
  assert.equal(calls[0].id, 'call_1');
  assert.equal(calls[0].name, 'get_weather');
  assert.equal(calls.map((frame) => frame.arguments ?? '').join(''), '{"city":"Zürich"}');
  assert.equal(reader.terminal.finish_reason, 'tool_calls');
});

test('an answer without a word is still an answer', async () => {
  const reader = await answer(it.parley, { tokens: 0 });
  checkGoodAnswer(reader, '');
  assert.equal((await storedAnswer(it.parley, reader)).status, 'complete');
});

test('[DONE] without a finish_reason is a normal end', async () => {
  const reader = await answer(it.parley, { fault: 'done_without_finish', at: 0, tokens: 4 });
  checkGoodAnswer(reader, textOf({ tokens: 4 }));
});

test('what the upstream finishes as length or content_filter is told so', async () => {
  const long = await answer(it.parley, { fault: 'length', tokens: 4 });
  checkGoodAnswer(long, textOf({ tokens: 4 }), { reason: 'length' });
  assert.equal((await storedAnswer(it.parley, long)).status, 'truncated');
  const filtered = await answer(it.parley, { fault: 'content_filter', tokens: 4 });
  checkGoodAnswer(filtered, textOf({ tokens: 4 }), { reason: 'content_filter' });
});

test('with ?event_ids=true each frame carries its seq as id', async () => {
  const reader = await answer(it.parley, { tokens: 4 }, { query: '?event_ids=true' });
  checkFrames(reader.frames);
  reader.frames.forEach((frame, i) => {
    if (frame.seq) assert.equal(reader.ids[i], `${frame.seq}`);
  });
});

test('two answers at once on one server do not mix', async () => {
  const plans = Array.from({ length: 20 }, (_, i) => ({ tokens: 40, seed: i * 1000, delay_ms: 1 }));
  const readers = await Promise.all(plans.map((plan) => answer(it.parley, plan)));
  readers.forEach((reader, i) => checkGoodAnswer(reader, textOf(plans[i])));
});

test('ids sort by the time of their creation', async () => {
  const seen = [];
  for (let i = 0; i < 5; i += 1) seen.push((await answer(it.parley, { tokens: 1 })).start);
  for (const field of ['stream_id', 'conversation_id', 'message_id']) {
    const ids = seen.map((start) => start[field]);
    assert.deepEqual([...ids].sort(), ids);
  }
});

test('an HTTP/1.0 client gets the same frames until the connection ends', async () => {
  const body = JSON.stringify(say({ tokens: 4 }));
  const connection = await RawConnection.open(it.parley.port);
  connection.write(`POST ${streamRoute} HTTP/1.0\r\nHost: a\r\nContent-Type: application/json\r\n`
    + `Content-Length: ${body.length}\r\n\r\n${body}`);
  const head = await connection.head();
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('transfer-encoding'), undefined);
  const text = (await connection.untilEnd()).toString();
  checkPostBody(Buffer.from(text));
  assert.match(text, /"type":"done"/);
  connection.close();
});

test('the state of a finished stream tells how it ended', async () => {
  const reader = await answer(it.parley, { tokens: 4 });
  const { json: state } = await get(it.parley, `/api/v1/chat/streams/${reader.ids_.stream}`);
  assert.equal(state.id, reader.ids_.stream);
  assert.equal(state.conversation_id, reader.ids_.conversation);
  assert.equal(state.message_id, reader.ids_.message);
  assert.equal(state.status, 'complete');
  assert.equal(state.last_seq, reader.terminal.seq);
  assert.equal(state.finish_reason, 'stop');
  assert.match(state.started_at, timePattern);
  assert.match(state.finished_at, timePattern);
  assert.equal(state.subscribers, 0);
});

test('GET on the stream route is 405, and says what is allowed', async () => {
  const answered = await call(it.parley, 'GET', streamRoute);
  assert.equal(answered.status, 405);
  assert.match(answered.headers.allow, /POST/);
});
