// API §1: `POST /api/v1/chat/message`, one JSON answer when it is complete.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { until } from '../support/wait.mjs';
import {
  get, messageRoute, messagesOf, newTag, post, say, streamState,
} from './lib/client.mjs';
import { checkProblem, idPattern } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world({ 'llm.retry-base-delay': '5ms', 'llm.retry-max-delay': '20ms' });
const ask = (what, fields) => post(it.parley, messageRoute, say(what, fields));

test('the answer holds both messages, the finish reason and the usage', async () => {
  const plan = { tokens: 12, unicode: true };
  const answered = await ask(plan);
  assert.equal(answered.status, 200);
  assert.match(answered.headers['content-type'], /^application\/json/);
  const body = answered.json;
  assert.match(body.stream_id, idPattern.stream);
  assert.match(body.conversation_id, idPattern.conversation);
  assert.equal(body.user_message.role, 'user');
  assert.equal(body.user_message.content, say(plan).message);
  assert.equal(body.message.role, 'assistant');
  assert.equal(body.message.content, textOf(plan));
  assert.equal(body.message.status, 'complete');
  assert.equal(body.finish_reason, 'stop');
  assert.equal(body.usage.completion_tokens, 12);
  assert.equal(body.usage.source, 'provider');
  const [user, message] = await messagesOf(it.parley, body.conversation_id);
  assert.deepEqual(user, body.user_message);
  assert.deepEqual(message, body.message);
});

test('a second message goes on in the same conversation', async () => {
  const first = (await ask({ tokens: 2 })).json;
  const { conversation_id } = first;
  const second = (await ask({ tokens: 3 }, { conversation_id })).json;
  assert.equal(second.conversation_id, conversation_id);
  const roles = (await messagesOf(it.parley, conversation_id)).map((m) => m.role);
  assert.deepEqual(roles, ['user', 'assistant', 'user', 'assistant']);
});

test('an answer cut at the cap is length and truncated', async () => {
  const body = (await ask({ text: '🙂'.repeat(50) }, { max_response_chars: 10 })).json;
  assert.equal(body.finish_reason, 'length');
  assert.equal(body.message.content, '🙂'.repeat(10));
  assert.equal(body.message.status, 'truncated');
});

test('an upstream failure is 502 with its code, and what had arrived is kept', async () => {
  const cases = [
    ['500', 'upstream_failed'], ['429', 'upstream_rate_limited'], ['400', 'upstream_rejected'],
    ['401', 'upstream_rejected'], ['cut_before_head', 'upstream_interrupted'],
    ['cut', 'upstream_interrupted'], ['garbage', 'upstream_protocol'],
    ['error_in_stream', 'upstream_failed'],
  ];
  for (const [fault, code] of cases) {
    const failed = await ask({ fault });
    checkProblem(failed, 502, code);
    assert.match(failed.headers['x-stream-id'], /^strm_/, 'where to look for what had arrived');
    assert.match(failed.headers['x-message-id'], /^msg_/);
  }
  const newest = (await get(it.parley, '/api/v1/conversations?limit=1')).json.data[0];
  const [, message] = await messagesOf(it.parley, newest.id);
  assert.equal(message.status, 'failed');
  assert.equal(message.content, textOf({ tokens: 3 }));
});

test('an upstream time-out is 504', async (t) => {
  const { parley } = await ownWorld(t, {
    'llm.idle-timeout': '100ms', 'llm.first-token-timeout': '100ms', 'llm.max-attempts': 1,
  });
  checkProblem(await post(parley, messageRoute, say({ fault: 'stall_after' })),
    504, 'upstream_timeout');
  checkProblem(await post(parley, messageRoute, say({ fault: 'hang' })), 504, 'upstream_timeout');
});

test('a cancelled answer comes back with what there is', async () => {
  const tag = newTag();
  const pending = ask({ tag, gate: 3, tokens: 9 });
  await until(() => it.mock.last(tag)?.sent === 3, 'three tokens');
  // The upstream is asked while the message is on its way to the disk.
  const stream = await until(async () => {
    const newest = (await get(it.parley, '/api/v1/conversations?limit=1')).json.data[0];
    return newest?.active_stream?.id;
  }, 'the stream is stored');
  await until(async () => (await streamState(it.parley, stream)).last_seq > 8, 'the tokens');
  assert.equal((await post(it.parley, `/api/v1/chat/streams/${stream}/cancel`)).status, 200);
  const answered = await pending;
  assert.equal(answered.status, 200);
  assert.equal(answered.json.finish_reason, 'cancelled');
  assert.equal(answered.json.message.status, 'cancelled');
  assert.equal(answered.json.message.content, textOf({ tokens: 3 }));
});
