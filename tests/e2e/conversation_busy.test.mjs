// API §2: one answer at a time per conversation.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { until } from '../support/wait.mjs';
import {
  answer, messageRoute, messagesOf, newTag, openStream, post, say, startRoute, storedAnswer,
  streamRoute,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer, checkProblem } from './lib/checks.mjs';
import { world } from './lib/setup.mjs';

const it = world();

async function busy() {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 2, tokens: 5 });
  await reader.untilText('w1 ');
  return { tag, reader, ...reader.ids_, fields: { conversation_id: reader.ids_.conversation } };
}

test('a second message into a running answer is 409 and names the active stream', async () => {
  const { tag, reader, stream, conversation, fields } = await busy();
  for (const route of [streamRoute, messageRoute, startRoute]) {
    for (const more of [{}, { if_busy: 'reject' }, { if_busy: null }]) {
      const refused = await post(it.parley, route, say('me too', { ...fields, ...more }));
      const problem = checkProblem(refused, 409, 'conversation_busy');
      assert.equal(problem.active_stream_id, stream);
    }
  }
  assert.equal((await messagesOf(it.parley, conversation)).length, 2, 'nothing was stored');
  it.mock.release(tag);
  await reader.end();
  checkGoodAnswer(reader, textOf({ tokens: 5 }));
  checkGoodAnswer(await answer(it.parley, { tokens: 1 }, { fields }), 'w0 ');
});

test('"if_busy":"cancel" cancels the running answer first', async () => {
  for (const route of [streamRoute, messageRoute, startRoute]) {
    const { tag, reader, conversation, fields } = await busy();
    const next = newTag();
    const answered = await post(it.parley, route,
      say({ tag: next, tokens: 3 }, { ...fields, if_busy: 'cancel' }));
    assert.ok([200, 202].includes(answered.status), answered.text);
    await reader.end();
    checkFrames(reader.frames);
    assert.equal(reader.terminal.finish_reason, 'cancelled');
    assert.equal((await storedAnswer(it.parley, reader)).status, 'cancelled');
    await until(() => it.mock.last(tag).state === 'client_closed', 'the upstream is closed');
    const messages = await until(async () => {
      const all = await messagesOf(it.parley, conversation);
      return all.at(-1).status === 'complete' && all;
    }, 'the second answer is complete');
    assert.deepEqual(messages.map((m) => [m.role, m.status]), [
      ['user', 'complete'], ['assistant', 'cancelled'], ['user', 'complete'],
      ['assistant', 'complete']]);
    assert.equal(messages[1].content, textOf({ tokens: 2 }));
    const sent = it.mock.last(next).body.messages.map((m) => m.content);
    assert.equal(sent[1], textOf({ tokens: 2 }), 'the cancelled text is in the history');
  }
});

test('"if_busy":"cancel" into an idle conversation is an ordinary message', async () => {
  const first = await answer(it.parley, { tokens: 1 }, { fields: { if_busy: 'cancel' } });
  const second = await answer(it.parley, { tokens: 2 },
    { fields: { conversation_id: first.ids_.conversation, if_busy: 'cancel' } });
  checkGoodAnswer(second, textOf({ tokens: 2 }));
});

test('of many messages at the same instant one is taken, the others are 409', async () => {
  const { conversation } = (await answer(it.parley, { tokens: 1 })).ids_;
  const tag = newTag();
  const all = await Promise.all(Array.from({ length: 20 }, () => post(it.parley, startRoute,
    say({ tag, gate: 1, tokens: 2 }, { conversation_id: conversation }))));
  const taken = all.filter((answered) => answered.status === 202);
  assert.equal(taken.length, 1);
  for (const answered of all) {
    if (answered !== taken[0]) {
      assert.equal(checkProblem(answered, 409).active_stream_id, taken[0].json.id);
    }
  }
  it.mock.release(tag);
  assert.equal(it.mock.calls(tag), 1);
});

test('many cancelling messages at the same instant leave one answer and no loose end', async () => {
  const { conversation } = (await answer(it.parley, { tokens: 1 })).ids_;
  const tag = newTag();
  const all = await Promise.all(Array.from({ length: 10 }, (_, i) => post(it.parley, messageRoute,
    say({ tag, tokens: 20, delay_ms: 2, seed: i }, { conversation_id: conversation, if_busy: 'cancel' }))));
  for (const answered of all) assert.equal(answered.status, 200, answered.text);
  const messages = await messagesOf(it.parley, conversation);
  const answers = messages.filter((m) => m.role === 'assistant').slice(1);
  for (const message of answers) assert.ok(['complete', 'cancelled'].includes(message.status));
  assert.equal(answers.length, all.filter((answered) => answered.status === 200).length);
  await until(() => it.mock.of(tag).every((r) => r.state !== 'open'), 'every upstream call ended');
});
