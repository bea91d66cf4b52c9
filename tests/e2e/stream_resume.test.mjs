// API §2: a stream can be joined and resumed at every point, by any number of
// readers, while it runs and afterwards, with no difference they could see.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readAndDrop } from '../support/dropping_client.mjs';
import { textOf } from '../support/mock_upstream.mjs';
import { RawConnection, requestBytes } from '../support/raw_http.mjs';
import { pause, until } from '../support/wait.mjs';
import {
  answer, call, get, join, newTag, openStream, post, readStream, say, startRoute, storedAnswer,
  streamRoute, streamState, textIn, untilStatus,
} from './lib/client.mjs';
import { checkEventsBody, checkFrames, checkProblem, idPattern } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world();
const events = (id) => `${startRoute}/${id}/events`;

async function whole(stream, how) {
  const reader = await (await join(it.parley, stream, how)).end();
  assert.equal(reader.status, 200);
  checkEventsBody(reader.raw);
  return reader;
}

test('the events route has the headers of a stream, retry first, ids after data', async () => {
  const first = await answer(it.parley, { tokens: 20, unicode: true });
  const reader = await whole(first.ids_.stream);
  assert.equal(reader.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(reader.headers.get('cache-control'), 'no-cache, no-transform');
  assert.equal(reader.headers.get('x-accel-buffering'), 'no');
  assert.equal(reader.retry, 1000);
  checkFrames(reader.frames);
  assert.deepEqual(reader.start, first.start);
  assert.deepEqual(reader.terminal, first.terminal);
  assert.equal(reader.text, first.text);
  reader.frames.forEach((frame, i) => assert.equal(reader.ids[i], `${frame.seq}`));
});

test('a finished stream resumes after every seq with exactly the rest', async () => {
  const first = await answer(it.parley, { tokens: 15, unicode: true, delay_ms: 1 });
  const { stream } = first.ids_;
  const numbered = first.frames.filter((frame) => frame.seq);
  let before = '';
  for (const frame of numbered) {
    before += frame.type === 'content' ? frame.chunk : '';
    const after = frame.seq;
    if (frame === first.terminal) {
      assert.equal((await call(it.parley, 'GET', events(stream),
        { headers: { 'Last-Event-ID': `${after}` } })).status, 204);
    } else {
      const rest = await whole(stream, { after });
      checkFrames(rest.frames, { after });
      assert.equal(before + rest.text, first.text, `after ${after}`);
      assert.deepEqual(rest.terminal, first.terminal);
    }
  }
});

test('any seq between 1 and the end can be resumed from, seen in a frame or not', async () => {
  const first = await answer(it.parley, { text: '日本🙂é'.repeat(10), chunk: 40 });
  const { stream } = first.ids_;
  for (let after = 0; after < first.terminal.seq; after += 1) {
    const rest = await whole(stream, { after });
    checkFrames(rest.frames, { after });
    assert.ok(first.text.endsWith(rest.text));
    assert.equal(rest.terminal.seq, first.terminal.seq);
  }
});

test('a running stream resumes after every seq, then goes on live', async () => {
  const tag = newTag();
  const plan = { tag, gate: 8, tokens: 16, unicode: true };
  const first = await openStream(it.parley, plan);
  await first.until((r) => r.text === textOf({ ...plan, tokens: 8 }), 'eight tokens');
  const seen = first.frames.filter((frame) => frame.seq);
  const readers = await Promise.all(seen.map((frame) => (
    join(it.parley, first.ids_.stream, { after: frame.seq }))));
  it.mock.release(tag);
  await first.end();
  for (const [i, reader] of readers.entries()) {
    await reader.end();
    checkEventsBody(reader.raw);
    checkFrames(reader.frames, { after: seen[i].seq });
    assert.equal(textIn(seen.slice(0, i + 1)) + reader.text, first.text);
    assert.deepEqual(reader.terminal, first.terminal);
  }
  assert.equal(it.mock.calls(tag), 1);
});

test('the header wins over the query, and the query alone works', async () => {
  const first = await answer(it.parley, { tokens: 10 });
  const seqs = first.frames.filter((frame) => frame.seq).map((frame) => frame.seq);
  const { stream } = first.ids_;
  const byQuery = await whole(stream, { query: `?last_event_id=${seqs[1]}` });
  checkFrames(byQuery.frames, { after: seqs[1] });
  const both = await whole(stream, { after: seqs.at(-2), query: `?last_event_id=${seqs[1]}` });
  checkFrames(both.frames, { after: seqs.at(-2) });
  assert.deepEqual(both.frames.map((f) => f.type), ['done']);
});

test('a malformed cursor, or one ahead of a running stream, is 400', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 1, tokens: 3 });
  await reader.untilText('w0 ');
  const { stream } = reader.ids_;
  for (const cursor of ['x', '-1', '1.5', '1e3', '0x1', ' ', '99999999999999999999999', '1 2', '999',
    '%00', '18446744073709551616', '9007199254740993']) {
    const value = encodeURIComponent(cursor === '%00' ? '\0' : cursor);
    checkProblem(await get(it.parley, `${events(stream)}?last_event_id=${value}`), 400);
    if (!/[\0 ]/.test(cursor) && cursor !== '%00') {
      checkProblem(await get(it.parley, events(stream), { 'Last-Event-ID': cursor }), 400);
    }
  }
  it.mock.release(tag);
  await reader.end();
});

test('an unknown stream is 404 on each of its routes', async () => {
  const known = (await answer(it.parley, { tokens: 1 })).ids_.stream;
  const twin = known.slice(0, -1) + (known.endsWith('0') ? '1' : '0');
  for (const id of [twin, 'strm_', 'x', 'conv_1', 'strm_%00', '%F0%9F%99%82', 's'.repeat(3000)]) {
    for (const answered of [await get(it.parley, `${startRoute}/${id}`),
      await get(it.parley, events(id)), await post(it.parley, `${startRoute}/${id}/cancel`)]) {
      // A NUL in a path may be refused as no path at all.
      checkProblem(answered, id.includes('%00') && answered.status === 400 ? 400 : 404);
    }
  }
});

test('many readers of one stream all see the same frames', async () => {
  const tag = newTag();
  const plan = { tag, gate: 5, tokens: 60, unicode: true, delay_ms: 1 };
  const first = await openStream(it.parley, plan);
  await first.until((r) => r.text === textOf({ ...plan, tokens: 5 }), 'five tokens');
  const readers = await Promise.all(Array.from({ length: 50 }, () => join(it.parley, first.ids_.stream)));
  await until(async () => (await streamState(it.parley, first.ids_.stream)).subscribers === 51,
    'all are counted');
  it.mock.release(tag);
  await first.end();
  for (const reader of readers) {
    await reader.end();
    checkEventsBody(reader.raw);
    checkFrames(reader.frames);
    assert.equal(reader.text, textOf(plan));
    assert.deepEqual(reader.terminal, first.terminal);
    assert.deepEqual(reader.start, first.start);
  }
});

test('POST /streams answers 202 at once with the state and where to read', async () => {
  const tag = newTag();
  const started = await post(it.parley, startRoute, say({ tag, hold_head: true, tokens: 5 }));
  assert.equal(started.status, 202);
  const state = started.json;
  assert.match(state.id, idPattern.stream);
  assert.equal(started.headers.location, `${startRoute}/${state.id}`);
  for (const field of ['id', 'conversation_id', 'message_id', 'status', 'last_seq', 'started_at',
    'finished_at', 'finish_reason', 'subscribers']) assert.ok(field in state, field);
  assert.ok(['queued', 'generating'].includes(state.status));
  assert.equal(state.finished_at, null);
  assert.equal(state.finish_reason, null);
  const reader = await join(it.parley, state.id);
  it.mock.release(tag);
  await reader.end();
  checkFrames(reader.frames);
  assert.equal(reader.text, textOf({ tokens: 5 }));
  assert.equal(reader.start.stream_id, state.id);
  assert.equal(reader.start.conversation_id, state.conversation_id);
  assert.equal(reader.start.message_id, state.message_id);
  assert.equal((await streamState(it.parley, state.id)).status, 'complete');
});

test('a stream without any reader is generated and stored to its end', async () => {
  const plan = { tokens: 30, unicode: true };
  const { json: state } = await post(it.parley, startRoute, say(plan));
  await untilStatus(it.parley, state.id, 'complete');
  assert.equal((await whole(state.id)).text, textOf(plan));
});

test('a client that is cut anywhere in its answer gets the rest', async () => {
  const plan = { tokens: 12, unicode: true, delay_ms: 1 };
  const bytes = requestBytes('POST', streamRoute, { 'Content-Type': 'application/json' },
    JSON.stringify(say(plan)));
  const length = (await answer(it.parley, plan)).raw.length + 700; // with its head
  for (let i = 0; i < 40; i += 1) {
    const budget = Math.ceil(((i + 1) * length) / 41);
    const seen = await readAndDrop(it.parley.port, bytes, { budget, reset: i % 2 === 1 });
    if (!seen.headers || seen.whole) continue; // it learnt no id, or all
    const after = seen.frames.findLast((frame) => frame.seq)?.seq ?? 0;
    if (seen.frames.at(-1)?.type === 'done') continue;
    const rest = await whole(seen.headers['x-stream-id'], { after });
    checkFrames(rest.frames, { after });
    assert.equal(textIn(seen.frames) + rest.text, textOf(plan), `cut after ${budget} bytes`);
    const stored = await storedAnswer(it.parley, {
      ids_: {
        conversation: seen.headers['x-conversation-id'], message: seen.headers['x-message-id'],
      },
    });
    assert.equal(stored.content, textOf(plan));
  }
});

test('a reader that stops reading is closed in time, costs the others nothing, and resumes', async (t) => {
  const { mock, parley } = await ownWorld(t, {
    'sse.write-timeout': '3s', 'limits.max-response-chars': 10_000_000,
  });
  const tag = newTag();
  const plan = { tag, tokens: 140, pad: 64_000, hold_head: true };
  const { json: state } = await post(parley, startRoute, say(plan));
  const slow = await RawConnection.open(parley.port);
  slow.socket.pause();
  slow.write(requestBytes('GET', events(state.id)));
  const quick = await join(parley, state.id);
  mock.release(tag);
  await quick.end();
  assert.ok(quick.text === textOf(plan), 'the quick reader got all');
  await until(async () => (await streamState(parley, state.id)).subscribers === 0,
    'the slow reader is closed');
  slow.socket.resume();
  const got = (await slow.untilEnd()).toString('latin1');
  assert.ok(!got.includes('"done"'), 'it did not get all');
  slow.close();
  const again = await (await join(parley, state.id)).end();
  assert.ok(again.text === quick.text);
});

test('a stream older than streams.retention is 410 and tells where the text is', async (t) => {
  const { parley } = await ownWorld(t, { 'streams.retention': '1s' });
  const reader = await answer(parley, { tokens: 5 });
  const { stream, message } = reader.ids_;
  const behindStart = { headers: { 'Last-Event-ID': '1' } };
  // That it is read does not prolong it.
  await call(parley, 'GET', events(stream), behindStart);
  await pause(1100);
  const gone = await call(parley, 'GET', events(stream), behindStart);
  checkProblem(gone, 410, 'stream_expired');
  assert.ok(gone.text.includes(message), 'the id of its message is told');
  assert.equal((await storedAnswer(parley, reader)).content, reader.text, 'the text stays');
  const live = await readStream(`${parley.url}${streamRoute}`, { method: 'POST', body: say('hi') });
  await live.end();
});
