// API §1: the cap on an answer's length, heartbeats, and what is sent upstream.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { until } from '../support/wait.mjs';
import {
  answer, join, newTag, openStream, storedAnswer,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer, checkPostBody } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world({ 'sse.heartbeat': '50ms' });

const emoji = (count) => '🙂'.repeat(count);

test('an answer is cut at exactly 4000 code points, and the upstream is stopped', async () => {
  for (const letter of ['a', 'ß', '日', '🙂']) {
    const tag = newTag();
    const plan = { tag, text: letter.repeat(5000), chunk: 7, delay_ms: 1 };
    const reader = await answer(it.parley, plan);
    checkGoodAnswer(reader, letter.repeat(4000), { reason: 'length' });
    const stored = await storedAnswer(it.parley, reader);
    assert.equal(stored.content, letter.repeat(4000));
    assert.equal(stored.status, 'truncated');
    assert.equal(stored.finish_reason, 'length');
    await until(() => it.mock.last(tag).state === 'client_closed', 'the upstream is stopped');
    assert.ok(it.mock.last(tag).sent < 5000 / 7, 'it was stopped before its end');
  }
});

test('an answer that ends exactly at the cap was not cut', async () => {
  const plan = { text: emoji(4000), chunk: 100 };
  const reader = await answer(it.parley, plan);
  checkGoodAnswer(reader, emoji(4000));
  assert.equal((await storedAnswer(it.parley, reader)).status, 'complete');
});

test('one code point above the cap is cut', async () => {
  const reader = await answer(it.parley, { text: emoji(4001), chunk: 4001 });
  checkGoodAnswer(reader, emoji(4000), { reason: 'length' });
});

test('max_response_chars lowers the cap, and above the cap it means the cap', async () => {
  const text = '🙂é日a'.repeat(1500);
  for (const [asked, got] of [[1, 1], [2, 2], [3, 3], [1001, 1001], [4000, 4000], [9999999, 4000]]) {
    const reader = await answer(it.parley, { text, chunk: 3 },
      { fields: { max_response_chars: asked } });
    checkGoodAnswer(reader, [...text].slice(0, got).join(''), { reason: 'length' });
  }
  const exact = await answer(it.parley, { text: '🙂é日', chunk: 2 },
    { fields: { max_response_chars: 3 } });
  checkGoodAnswer(exact, '🙂é日');
});

test('a burst far above the cap costs one upstream connection and ends at the cap', async () => {
  const tag = newTag();
  const reader = await answer(it.parley, { tag, fault: 'endless', at: 0 });
  checkPostBody(reader.raw);
  checkFrames(reader.frames);
  assert.equal([...reader.text].length, 4000);
  await until(() => it.mock.last(tag).state !== 'open', 'the upstream is stopped');
  assert.equal(it.mock.calls(tag), 1);
});

test('reasoning does not count against the cap of the answer\'s text', async () => {
  const reader = await answer(it.parley, { reasoning: 5, text: 'abcdef', chunk: 1 },
    { fields: { max_response_chars: 6 } });
  checkGoodAnswer(reader, 'abcdef');
});

test('limits.max-response-chars raises the cap', async (t) => {
  const { parley } = await ownWorld(t, { 'limits.max-response-chars': 200000 });
  const plan = { tokens: 9000, unicode: true };
  const reader = await answer(parley, plan);
  checkGoodAnswer(reader, textOf(plan));
  assert.equal((await storedAnswer(parley, reader)).content, textOf(plan));
  const big = await answer(parley, { fault: 'big_token', size: 65536 });
  checkGoodAnswer(big, 'x'.repeat(65536));
});

test('pings come from the first byte on, long before the upstream answers', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, hold_head: true, tokens: 4 });
  await reader.until((r) => r.comments >= 3, 'three pings');
  assert.equal(reader.of('content').length, 0);
  it.mock.release(tag);
  await reader.end();
  checkGoodAnswer(reader, textOf({ tokens: 4 }));
});

test('pings come in a pause between two tokens', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 2, tokens: 4 });
  await reader.untilText('w1 ');
  const before = reader.comments;
  await reader.until((r) => r.comments >= before + 3, 'three pings');
  it.mock.release(tag);
  await reader.end();
  checkGoodAnswer(reader, textOf({ tokens: 4 }));
});

test('a reader that joins gets pings too', async () => {
  const tag = newTag();
  const first = await openStream(it.parley, { tag, gate: 1, tokens: 3 });
  const second = await join(it.parley, first.ids_.stream);
  await second.until((r) => r.comments >= 3, 'three pings');
  it.mock.release(tag);
  await Promise.all([first.end(), second.end()]);
});

test('the sampling fields go to the upstream, and absent ones do not', async () => {
  const tag = newTag();
  await answer(it.parley, { tag, tokens: 1 }, {
    fields: {
      model: 'another-model', temperature: 0.25, top_p: 0.5, max_tokens: 77, stop: ['END', '\n'],
      seed: 42, system_prompt: 'Be brief. 🙂',
    },
  });
  const { body } = it.mock.last(tag);
  assert.equal(body.model, 'another-model');
  assert.equal(body.temperature, 0.25);
  assert.equal(body.top_p, 0.5);
  assert.equal(body.max_tokens ?? body.max_completion_tokens, 77);
  assert.deepEqual([body.stop].flat(), ['END', '\n']);
  assert.equal(body.seed, 42);
  assert.equal(body.stream, true);
  assert.deepEqual(body.messages[0], { role: 'system', content: 'Be brief. 🙂' });
  const plain = newTag();
  await answer(it.parley, { tag: plain, tokens: 1 }, {
    fields: { temperature: null, stop: 'END', conversation_id: null, model: null },
  });
  const sent = it.mock.last(plain).body;
  for (const field of ['temperature', 'top_p', 'max_tokens', 'seed']) {
    assert.ok(!(field in sent), `${field} was not asked for`);
  }
  assert.deepEqual([sent.stop].flat(), ['END']);
  assert.equal(sent.model, 'mock');
  assert.equal(sent.messages.length, 1);
});

test('the history goes along, with the system prompt, in order', async () => {
  const first = await answer(it.parley, { tokens: 2 }, { fields: { system_prompt: 'Be kind.' } });
  const conversation_id = first.ids_.conversation;
  const second = await answer(it.parley, 'and then?', { fields: { conversation_id } });
  const tag = newTag();
  await answer(it.parley, { tag, tokens: 1 }, { fields: { conversation_id } });
  const { messages } = it.mock.last(tag).body;
  assert.deepEqual(messages.map((m) => m.role),
    ['system', 'user', 'assistant', 'user', 'assistant', 'user']);
  assert.equal(messages[0].content, 'Be kind.');
  assert.equal(messages[2].content, first.text);
  assert.equal(messages[3].content, 'and then?');
  assert.equal(messages[4].content, second.text);
});

test('a long history is cut at its oldest turns, never at the system prompt', async (t) => {
  const { mock, parley } = await ownWorld(t, { 'llm.max-context-chars': 1000 });
  const first = await answer(parley, `oldest ${'o'.repeat(600)}`,
    { fields: { system_prompt: 'Always here.' } });
  const conversation_id = first.ids_.conversation;
  await answer(parley, `middle ${'m'.repeat(300)}`, { fields: { conversation_id } });
  const tag = newTag();
  await answer(parley, { tag, tokens: 1 }, { fields: { conversation_id } });
  const { messages } = mock.last(tag).body;
  const all = messages.map((m) => m.content).join('\n');
  assert.equal(messages[0].content, 'Always here.');
  assert.ok(!all.includes('oldest'), 'the oldest turn is left out');
  assert.ok(all.includes('middle'), 'the newest turns are there');
  assert.ok(messages.at(-1).content.includes(tag));
});
