// API §5: SIGTERM. What runs may finish, nothing new is taken, nobody is left
// without a terminal frame, and the exit code is 0.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { RawConnection } from '../support/raw_http.mjs';
import { until } from '../support/wait.mjs';
import {
  answer, get, join, messageRoute, messagesOf, newTag, openStream, post, say, startRoute,
  storedAnswer, streamRoute, streamState,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer, checkProblem } from './lib/checks.mjs';
import { ownWorld } from './lib/setup.mjs';

const draining = (parley) => until(async () => (
  (await get(parley, '/readyz')).status === 503), '/readyz says 503');

test('an idle server ends at once with 0', async (t) => {
  const { parley } = await ownWorld(t);
  await answer(parley, { tokens: 2 });
  parley.terminate();
  assert.deepEqual(await parley.stopped(), { code: 0, signal: null });
});

test('SIGINT ends it the same way', async (t) => {
  const { parley } = await ownWorld(t);
  parley.expectedEnd = true;
  parley.child.kill('SIGINT');
  assert.deepEqual(await parley.stopped(), { code: 0, signal: null });
});

test('while draining a running answer goes on to its end, and nothing new begins', async (t) => {
  const { mock, parley } = await ownWorld(t);
  const tag = newTag();
  const reader = await openStream(parley, { tag, gate: 2, tokens: 6 });
  await reader.untilText('w1 ');
  const { stream, conversation } = reader.ids_;
  parley.terminate();
  await draining(parley);
  assert.equal((await get(parley, '/healthz')).status, 200);
  for (const route of [streamRoute, messageRoute, startRoute]) {
    const refused = await post(parley, route, say({ tokens: 1 }));
    checkProblem(refused, 503, 'draining');
    assert.match(refused.headers['retry-after'], /^\d+$/);
  }
  const second = await join(parley, stream, { after: 1 });
  await second.untilText('w1 ');
  assert.equal((await messagesOf(parley, conversation)).length, 2);
  mock.release(tag);
  await Promise.all([reader.end(), second.end()]);
  checkGoodAnswer(reader, textOf({ tokens: 6 }));
  assert.equal(second.terminal.finish_reason, 'stop');
  assert.deepEqual(await parley.stopped(), { code: 0, signal: null });
  await parley.start();
  const stored = await storedAnswer(parley, reader);
  assert.equal(stored.status, 'complete');
  assert.equal(stored.content, reader.text);
});

test('after the grace period running answers end with server_shutdown, text stored', async (t) => {
  const { mock, parley } = await ownWorld(t, { 'shutdown.grace': '300ms' });
  const tag = newTag();
  const waiting = newTag();
  const reader = await openStream(parley, { tag, gate: 3, tokens: 6 });
  const early = await openStream(parley, { tag: waiting, hold_head: true });
  await reader.untilText('w2 ');
  const joined = await join(parley, reader.ids_.stream);
  await joined.untilText('w2 ');
  parley.terminate();
  for (const one of [reader, early, joined]) {
    await one.end();
    checkFrames(one.frames);
    assert.equal(one.terminal.type, 'error');
    assert.equal(one.terminal.code, 'server_shutdown');
  }
  assert.deepEqual(await parley.stopped(), { code: 0, signal: null });
  await until(() => [tag, waiting].every((name) => mock.last(name).state === 'client_closed'),
    'the upstream is closed');
  await parley.start();
  for (const [one, text] of [[reader, textOf({ tokens: 3 })], [early, '']]) {
    const stored = await storedAnswer(parley, one);
    assert.equal(stored.status, 'interrupted');
    assert.equal(stored.content, text);
    assert.equal((await streamState(parley, one.ids_.stream)).status, 'interrupted');
    const replay = await (await join(parley, one.ids_.stream)).end();
    assert.deepEqual(replay.terminal, one.terminal);
    assert.equal(replay.text, text);
  }
});

test('a blocking request that the shutdown ends gets an error', async (t) => {
  const { mock, parley } = await ownWorld(t, { 'shutdown.grace': '200ms' });
  const tag = newTag();
  const pending = post(parley, messageRoute, say({ tag, hold_head: true }));
  await until(() => mock.calls(tag) === 1, 'the upstream is called');
  parley.terminate();
  checkProblem(await pending, 503, 'server_shutdown');
  assert.deepEqual(await parley.stopped(), { code: 0, signal: null });
});

test('a second SIGTERM does not wait for the grace period', async (t) => {
  const { parley } = await ownWorld(t, { 'shutdown.grace': '30s' });
  const reader = await openStream(parley, { tag: newTag(), hold_head: true });
  parley.terminate();
  await draining(parley);
  parley.terminate();
  await parley.stopped();
  await reader.pumped;
});

test('idle and half-open connections do not hold the shutdown up', async (t) => {
  const { parley } = await ownWorld(t);
  const idle = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(parley.port)));
  await idle[0].write('GET /healthz HTTP/1.1\r\nHo');
  parley.terminate();
  assert.deepEqual(await parley.stopped(), { code: 0, signal: null });
  idle.forEach((connection) => connection.close());
});
