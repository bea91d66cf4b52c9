// API §2: cancel, explicit or because nobody listens any more, at every phase
// of an answer; the upstream is closed each time.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { pause, until } from '../support/wait.mjs';
import {
  answer, join, messageRoute, newTag, openStream, post, say, startRoute, storedAnswer,
  streamState, untilStatus,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer, checkPostBody } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';
import { RawConnection, requestBytes } from '../support/raw_http.mjs';

const it = world({ 'streams.cancel-after': '400ms' });
const cancel = (id, parley = it.parley) => post(parley, `${startRoute}/${id}/cancel`);
const upstreamClosed = (tag, mock = it.mock) => until(
  () => mock.last(tag).state === 'client_closed', 'the upstream connection is closed');
const keep = { on_disconnect: 'continue' };

// What every cancelled stream must look like afterwards.
async function checkCancelled(reader, text) {
  await reader.end();
  checkFrames(reader.frames);
  assert.equal(reader.terminal.type, 'done');
  assert.equal(reader.terminal.finish_reason, 'cancelled');
  assert.equal(reader.text, text);
  const stored = await storedAnswer(it.parley, reader);
  assert.equal(stored.status, 'cancelled');
  assert.equal(stored.finish_reason, 'cancelled');
  assert.equal(stored.content, text);
}

test('a cancel closes the upstream, ends every reader and stores what there is', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 3, tokens: 9 });
  await reader.untilText('w2 ');
  const { stream } = reader.ids_;
  const second = await join(it.parley, stream);
  await second.untilText('w2 ');
  const cancelled = await cancel(stream);
  assert.equal(cancelled.status, 200);
  assert.equal(cancelled.json.id, stream);
  assert.equal(cancelled.json.status, 'cancelled');
  await upstreamClosed(tag);
  await checkCancelled(reader, textOf({ tokens: 3 }));
  await second.end();
  assert.equal(second.text, reader.text);
  assert.deepEqual(second.terminal, reader.terminal);
  checkPostBody(reader.raw);
});

test('a second cancel, or one after the end, is 200 and changes nothing', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 1, tokens: 3 });
  await reader.untilText('w0 ');
  const first = await cancel(reader.ids_.stream);
  await reader.end();
  const again = await cancel(reader.ids_.stream);
  assert.equal(again.status, 200);
  assert.deepEqual(again.json, { ...first.json, subscribers: again.json.subscribers });
  const complete = await answer(it.parley, { tokens: 3 });
  const late = await cancel(complete.ids_.stream);
  assert.equal(late.status, 200);
  assert.equal(late.json.status, 'complete');
  assert.equal((await storedAnswer(it.parley, complete)).status, 'complete');
});

test('a cancel works before the upstream has answered', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, hold_head: true });
  await until(() => it.mock.calls(tag) === 1, 'the upstream is called');
  assert.equal((await cancel(reader.ids_.stream)).status, 200);
  await upstreamClosed(tag);
  await checkCancelled(reader, '');
});

test('a cancel works between the head and the first token', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 0 });
  await until(() => it.mock.last(tag)?.head_sent, 'the upstream sent its head');
  assert.equal((await cancel(reader.ids_.stream)).status, 200);
  await upstreamClosed(tag);
  await checkCancelled(reader, '');
});

test('a cancel works while a retry waits, and there is no further attempt', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, fault: '503', retry_after: 20 });
  await reader.until((r) => r.of('progress').some((f) => f.stage === 'retrying'), 'a retry');
  assert.equal((await cancel(reader.ids_.stream)).status, 200);
  await checkCancelled(reader, '');
  assert.equal(it.mock.calls(tag), 1);
});

test('a cancel right after the start wins or loses, but leaves one clean end', async () => {
  for (let i = 0; i < 20; i += 1) {
    const tag = newTag();
    const { json: state } = await post(it.parley, startRoute, say({ tag, tokens: 3 * i }));
    if (i % 3) await pause(i % 5);
    assert.equal((await cancel(state.id)).status, 200);
    const reader = await (await join(it.parley, state.id)).end();
    checkFrames(reader.frames);
    const message = await storedAnswer(it.parley, {
      ids_: { conversation: state.conversation_id, message: state.message_id },
    });
    const expected = reader.terminal.finish_reason === 'cancelled' ? 'cancelled' : 'complete';
    assert.equal(message.status, expected);
    assert.equal(message.content, reader.text);
    assert.ok(textOf({ tokens: 3 * i }).startsWith(reader.text));
    if (it.mock.last(tag)) {
      await until(() => it.mock.last(tag).state !== 'open', 'the upstream is not left open');
    }
  }
});

test('a cancel in a burst stops it', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, fault: 'trickle', at: 0, delay_ms: 1 });
  await reader.until((r) => r.text.length > 20, 'some text');
  assert.equal((await cancel(reader.ids_.stream)).status, 200);
  await upstreamClosed(tag);
  await reader.end();
  await checkCancelled(reader, reader.text);
});

test('after a cancel the conversation takes the next message', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 2, tokens: 5 });
  await reader.untilText('w1 ');
  const { stream, conversation } = reader.ids_;
  await cancel(stream);
  const fields = { conversation_id: conversation };
  const nextTag = newTag();
  checkGoodAnswer(await answer(it.parley, { tag: nextTag, tokens: 2 }, { fields }),
    textOf({ tokens: 2 }));
  const history = it.mock.last(nextTag).body.messages.map((m) => m.content);
  assert.ok(history.includes(textOf({ tokens: 2 })), 'the cancelled text is in the history');
});

// -- nobody listens any more ------------------------------------------------------------

test('on_disconnect "cancel": the upstream is closed when the last reader leaves', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 3, tokens: 9 },
    { fields: { on_disconnect: 'cancel' } });
  await reader.untilText('w2 ');
  const { stream } = reader.ids_;
  const second = await join(it.parley, stream);
  await second.untilText('w2 ');
  reader.abort();
  await until(async () => (await streamState(it.parley, stream)).subscribers === 1, 'one is left');
  assert.equal(it.mock.last(tag).state, 'open', 'a reader is still there');
  second.abort();
  await upstreamClosed(tag);
  const state = await untilStatus(it.parley, stream, 'cancelled');
  assert.equal(state.finish_reason, 'cancelled');
  const stored = await storedAnswer(it.parley, reader);
  assert.equal(stored.content, textOf({ tokens: 3 }));
  assert.equal(stored.status, 'cancelled');
});

test('on_disconnect "cancel" counts the sender of a blocking POST', async () => {
  const tag = newTag();
  const connection = await RawConnection.open(it.parley.port);
  connection.write(requestBytes('POST', messageRoute, { 'Content-Type': 'application/json' },
    JSON.stringify(say({ tag, gate: 2 }, { on_disconnect: 'cancel' }))));
  await until(() => it.mock.last(tag)?.sent === 2, 'two tokens');
  connection.reset();
  await upstreamClosed(tag);
});

test('on_disconnect "cancel" gives a stream time for its first reader', async () => {
  const tag = newTag();
  const { json: state } = await post(it.parley, startRoute,
    say({ tag, gate: 1, tokens: 3 }, { on_disconnect: 'cancel' }));
  const reader = await join(it.parley, state.id);
  await reader.untilText('w0 ');
  it.mock.release(tag);
  await reader.end();
  assert.equal(reader.terminal.finish_reason, 'stop');
  const alone = newTag();
  const { json: unread } = await post(it.parley, startRoute,
    say({ tag: alone, gate: 1 }, { on_disconnect: 'cancel' }));
  await untilStatus(it.parley, unread.id, 'cancelled');
  await upstreamClosed(alone);
});

test('on_disconnect "continue": the answer is generated to its end without readers', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 3, tokens: 9 }, { fields: keep });
  await reader.untilText('w2 ');
  const { stream } = reader.ids_;
  reader.abort();
  await until(async () => (await streamState(it.parley, stream)).subscribers === 0, 'nobody');
  // Longer than the 400 ms after which the server's default would cancel.
  await pause(900);
  it.mock.release(tag);
  await untilStatus(it.parley, stream, 'complete');
  assert.equal((await storedAnswer(it.parley, reader)).content, textOf({ tokens: 9 }));
});

test('cancel_after_ms: a reader that comes back in time keeps the answer alive', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 3, tokens: 9 },
    { fields: { on_disconnect: { cancel_after_ms: 60_000 } } });
  await reader.untilText('w2 ');
  const { stream } = reader.ids_;
  const after = reader.lastSeq;
  reader.abort();
  await until(async () => (await streamState(it.parley, stream)).subscribers === 0, 'nobody');
  const back = await join(it.parley, stream, { after });
  it.mock.release(tag);
  await back.end();
  assert.equal(reader.text + back.text, textOf({ tokens: 9 }));
  assert.equal(back.terminal.finish_reason, 'stop');
});

test('cancel_after_ms: when nobody comes back the upstream is closed', async () => {
  for (const fields of [{ on_disconnect: { cancel_after_ms: 50 } }, {}]) {
    const tag = newTag();
    const reader = await openStream(it.parley, { tag, gate: 3, tokens: 9 }, { fields });
    await reader.untilText('w2 ');
    reader.abort();
    await upstreamClosed(tag);
    await untilStatus(it.parley, reader.ids_.stream, 'cancelled');
    assert.equal((await storedAnswer(it.parley, reader)).content, textOf({ tokens: 3 }));
  }
});

test('cancel_after_ms 0 cancels when the reader leaves', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 3, tokens: 9 },
    { fields: { on_disconnect: { cancel_after_ms: 0 } } });
  await reader.untilText('w2 ');
  reader.abort();
  await upstreamClosed(tag);
});

test('streams.on-disconnect is the default of requests that say nothing', async (t) => {
  const { mock, parley } = await ownWorld(t, { 'streams.on-disconnect': 'cancel' });
  const tag = newTag();
  const reader = await openStream(parley, { tag, gate: 2 });
  await reader.untilText('w1 ');
  reader.abort();
  await upstreamClosed(tag, mock);
  const other = await ownWorld(t, {
    'streams.on-disconnect': 'continue', 'streams.cancel-after': '50ms',
  });
  const second = await openStream(other.parley, { tag, gate: 2, tokens: 4 });
  await second.untilText('w1 ');
  second.abort();
  await until(async () => (
    await streamState(other.parley, second.ids_.stream)).subscribers === 0, 'nobody');
  await pause(300);
  other.mock.release(tag);
  await untilStatus(other.parley, second.ids_.stream, 'complete');
});
