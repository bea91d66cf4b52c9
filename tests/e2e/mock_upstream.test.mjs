// The mock upstream itself, seen by the real OpenAI client: what the other
// tests rely on must hold.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import OpenAI from 'openai';

import {
  ask, piecesOf, startMock, textOf,
} from '../support/mock_upstream.mjs';
import { until } from '../support/wait.mjs';
import { newTag } from './lib/client.mjs';

let mock;
let client;

before(async () => {
  mock = await startMock();
  client = new OpenAI({ baseURL: mock.base_url, apiKey: 'sk-test', maxRetries: 0 });
});
after(() => mock.close());

const messages = (directive) => [{ role: 'user', content: ask(directive) }];
const complete = (directive, more = {}) => client.chat.completions.create({
  model: 'mock', messages: messages(directive), ...more,
});

async function streamed(directive, more = {}) {
  const stream = await complete(directive, {
    stream: true, stream_options: { include_usage: true }, ...more,
  });
  const seen = { text: '', pieces: [], finish: null, usage: null, tools: '' };
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (choice?.delta.content) seen.pieces.push(choice.delta.content);
    if (choice?.finish_reason) seen.finish = choice.finish_reason;
    for (const call of choice?.delta.tool_calls ?? []) seen.tools += call.function.arguments;
    if (chunk.usage) seen.usage = chunk.usage;
  }
  seen.text = seen.pieces.join('');
  return seen;
}

test('a stream has the promised pieces, a finish reason and usage, in every dress', async () => {
  for (const how of [{}, { split: 1 }, { ascii: true }, { eol: '\r\n' }, { comments: true },
    { framing: 'close' }, { delay_ms: 1 }, { fault: 'slow_headers' }]) {
    const plan = { tokens: 25, unicode: true, ...how };
    const seen = await streamed(plan);
    assert.deepEqual(seen.pieces, piecesOf(plan));
    assert.equal(seen.finish, 'stop');
    assert.equal(seen.usage.completion_tokens, 25);
  }
});

test('a plain answer holds the same text', async () => {
  const plan = { text: 'naïve 🙂 text', reasoning: 2 };
  const whole = await complete(plan);
  assert.equal(whole.choices[0].message.content, textOf(plan));
  assert.equal(whole.choices[0].message.reasoning_content, 'thought 0. thought 1. ');
});

test('models are listed', async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ['mock', 'mock-small']);
  await assert.rejects(client.models.retrieve('none'), OpenAI.NotFoundError);
});

test('error statuses are OpenAI\'s errors, as often as told', async () => {
  const tag = newTag();
  for (const [fault, type] of [['400', OpenAI.BadRequestError], ['401', OpenAI.AuthenticationError],
    ['429', OpenAI.RateLimitError], ['500', OpenAI.InternalServerError]]) {
    await assert.rejects(complete({ fault, message: 'told to' }), (error) => (
      error instanceof type && error.message.includes('told to')));
  }
  await assert.rejects(complete({ tag, fault: '503', times: 2 }));
  await assert.rejects(complete({ tag, fault: '503', times: 2 }));
  assert.ok((await complete({ tag, fault: '503', times: 2 })).choices);
  assert.equal(mock.calls(tag), 3);
});

test('cuts, garbage and errors in the stream reach the client as such', async () => {
  for (const fault of ['cut_before_head', 'close_before_head', 'garbage_http', 'cut',
    'cut_mid_frame', 'garbage', 'bad_chunk', 'error_in_stream']) {
    await assert.rejects(streamed({ fault }), undefined, fault);
  }
  const open = await streamed({ fault: 'no_finish' });
  assert.equal(open.text, textOf({ tokens: 3 }));
  assert.equal(open.finish, null);
});

test('tool calls and length come as finish reasons', async () => {
  const called = await streamed({ fault: 'tool_call', at: 0 });
  assert.equal(called.tools, '{"city":"Zürich"}');
  assert.equal(called.finish, 'tool_calls');
  assert.equal((await streamed({ fault: 'length' })).finish, 'length');
});

test('a gate holds pieces back until they are released', async () => {
  const tag = newTag();
  const pending = streamed({ tag, gate: 2, tokens: 5 });
  await until(() => mock.last(tag)?.sent === 2, 'two pieces');
  mock.release(tag, 1);
  await until(() => mock.last(tag).sent === 3, 'three pieces');
  mock.release(tag);
  assert.equal((await pending).text, textOf({ tokens: 5 }));
  assert.equal(mock.last(tag).state, 'finished');
});

test('a client that leaves is seen, with what it had got', async () => {
  const tag = newTag();
  const controller = new AbortController();
  const stream = await client.chat.completions.create({
    model: 'mock', messages: messages({ tag, gate: 2 }), stream: true,
  }, { signal: controller.signal });
  await until(() => mock.last(tag).sent === 2, 'two pieces');
  controller.abort();
  await until(() => mock.last(tag).state === 'client_closed', 'the close is seen');
  assert.equal(mock.last(tag).sent_at_close, 2);
  await Promise.resolve(stream.controller.abort());
});

test('statistics and the Authorization header can be read over HTTP', async () => {
  const tag = newTag();
  await complete({ tag, tokens: 1 });
  const stats = await (await fetch(`${mock.url}/__mock/stats?tag=${tag}`)).json();
  assert.equal(stats.calls[tag], 1);
  assert.equal(stats.requests[0].headers.authorization, 'Bearer sk-test');
  assert.equal(stats.requests[0].body.model, 'mock');
});
