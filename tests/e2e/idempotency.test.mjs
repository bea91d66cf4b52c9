// API §2: the same Idempotency-Key gives the same stream, and never a second
// call of the upstream.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { until } from '../support/wait.mjs';
import {
  answer, call, del, messageRoute, messagesOf, newTag, openStream, post, say, startRoute,
  streamRoute, untilStatus,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer, checkPostBody, checkProblem } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world();
const keyed = (key = newTag('key')) => ({ 'Idempotency-Key': key });
const replayed = (answered) => {
  const { headers } = answered;
  return (headers.get ? headers.get('idempotent-replayed') : headers['idempotent-replayed'])
    === 'true';
};

test('the same request again joins the same stream from its first frame', async () => {
  const tag = newTag();
  const headers = keyed();
  const plan = { tag, tokens: 6, unicode: true };
  const first = await answer(it.parley, plan, { headers });
  assert.ok(!replayed(first));
  const second = await answer(it.parley, plan, { headers });
  assert.ok(replayed(second));
  checkPostBody(second.raw);
  checkFrames(second.frames);
  assert.deepEqual(second.start, first.start);
  assert.deepEqual(second.terminal, first.terminal);
  assert.equal(second.text, first.text);
  assert.deepEqual(second.ids_, first.ids_);
  assert.equal(it.mock.calls(tag), 1);
  assert.equal((await messagesOf(it.parley, first.ids_.conversation)).length, 2);
});

test('a replay joins its own running stream, busy or not', async () => {
  const tag = newTag();
  const headers = keyed();
  const plan = { tag, gate: 3, tokens: 6 };
  const { conversation } = (await answer(it.parley, { tokens: 1 })).ids_;
  const fields = { conversation_id: conversation };
  const first = await openStream(it.parley, plan, { headers, fields });
  await first.untilText('w2 ');
  const second = await openStream(it.parley, plan, { headers, fields });
  assert.ok(replayed(second));
  await second.untilText('w2 ');
  it.mock.release(tag);
  for (const reader of [first, second]) {
    await reader.end();
    checkGoodAnswer(reader, textOf(plan));
  }
  assert.deepEqual(second.ids_, first.ids_);
  assert.equal(it.mock.calls(tag), 1);
});

test('another body under the same key is 422', async () => {
  const tag = newTag();
  const headers = keyed();
  await answer(it.parley, { tag, tokens: 2 }, { headers });
  for (const body of [say({ tag, tokens: 3 }), say({ tag, tokens: 2 }, { temperature: 1 }),
    say({ tag, tokens: 2 }, { metadata: { a: 'b' } })]) {
    checkProblem(await post(it.parley, streamRoute, body, headers), 422, 'idempotency_key_reused');
  }
  assert.equal(it.mock.calls(tag), 1);
});

test('bodies are compared as JSON values, not as bytes', async () => {
  const headers = { ...keyed(), 'Content-Type': 'application/json' };
  const tag = newTag();
  const message = say({ tag, tokens: 2 }).message;
  const same = [
    JSON.stringify({ message, temperature: 1, metadata: { a: 'é', b: '2' } }),
    JSON.stringify({ metadata: { b: '2', a: 'é' }, temperature: 1, message }, null, 4),
    JSON.stringify({ message, temperature: 1, metadata: { a: 'é', b: '2' } }).replace('é', '\\u00e9'),
    JSON.stringify({ message, temperature: 1, metadata: { a: 'é', b: '2' } })
      .replace('"temperature":1', '"temperature":1.0'),
  ];
  const answers = [];
  for (const body of same) {
    const answered = await call(it.parley, 'POST', messageRoute, { body, headers });
    assert.equal(answered.status, 200, answered.text);
    answers.push(answered.json);
  }
  for (const one of answers) assert.deepEqual(one, answers[0]);
  assert.equal(it.mock.calls(tag), 1);
});

test('the three routes share their keys', async () => {
  const tag = newTag();
  const headers = keyed();
  const body = say({ tag, tokens: 4 });
  const started = await post(it.parley, startRoute, body, headers);
  assert.equal(started.status, 202);
  const blocking = await post(it.parley, messageRoute, body, headers);
  assert.equal(blocking.status, 200);
  assert.ok(replayed(blocking));
  assert.equal(blocking.json.stream_id, started.json.id);
  assert.equal(blocking.json.message.content, textOf({ tokens: 4 }));
  const stream = await answer(it.parley, { tag, tokens: 4 }, { headers });
  assert.equal(stream.ids_.stream, started.json.id);
  const again = await post(it.parley, startRoute, body, headers);
  assert.equal(again.json.id, started.json.id);
  assert.equal(again.headers.location, started.headers.location);
  assert.equal(it.mock.calls(tag), 1);
});

test('equal requests at the same instant give one stream and one upstream call', async () => {
  const routes = [startRoute, messageRoute, streamRoute];
  for (let round = 0; round < 5; round += 1) {
    const tag = newTag();
    const headers = keyed();
    const body = say({ tag, tokens: 3 });
    const all = await Promise.all(Array.from({ length: 30 }, (_, i) => (
      post(it.parley, routes[i % 3], body, headers))));
    const ids = new Set(all.map((answered) => {
      assert.ok([200, 202].includes(answered.status), `${answered.status} ${answered.text}`);
      return answered.headers['x-stream-id'] ?? answered.json.stream_id ?? answered.json.id;
    }));
    assert.equal(ids.size, 1, [...ids].join());
    assert.equal(all.filter((answered) => !replayed(answered)).length, 1, 'one was the first');
    assert.equal(it.mock.calls(tag), 1);
  }
});

test('a request that was refused does not use up its key', async () => {
  const busyTag = newTag();
  const busy = await openStream(it.parley, { tag: busyTag, gate: 1, tokens: 2 });
  await busy.untilText('w0 ');
  const headers = keyed();
  const tag = newTag();
  const body = say({ tag, tokens: 2 }, { conversation_id: busy.ids_.conversation });
  checkProblem(await post(it.parley, messageRoute, body, headers), 409);
  checkProblem(await post(it.parley, messageRoute, { message: 5 }, headers), 400);
  checkProblem(await post(it.parley, messageRoute,
    { message: 'hi', conversation_id: 'conv_00000000000000000000' }, headers), 404);
  it.mock.release(busyTag);
  await busy.end();
  const taken = await post(it.parley, messageRoute, body, headers);
  assert.equal(taken.status, 200, taken.text);
  assert.ok(!replayed(taken));
  assert.equal(it.mock.calls(tag), 1);
});

test('a failed or cancelled stream is replayed as it ended, without another call', async () => {
  const tag = newTag();
  const headers = keyed();
  const plan = { tag, fault: 'cut', at: 2 };
  const first = await answer(it.parley, plan, { headers });
  const second = await answer(it.parley, plan, { headers });
  assert.deepEqual(second.terminal, first.terminal);
  assert.equal(second.text, first.text);
  assert.equal(it.mock.calls(tag), 1);
  checkProblem(await post(it.parley, messageRoute, say(plan), headers), 502, 'upstream_interrupted');
  assert.equal(it.mock.calls(tag), 1);
});

test('deleting the conversation frees the key', async () => {
  const headers = keyed();
  const tag = newTag();
  const first = await answer(it.parley, { tag, tokens: 2 }, { headers });
  await del(it.parley, `/api/v1/conversations/${first.ids_.conversation}`);
  const second = await answer(it.parley, { tag, tokens: 2 }, { headers });
  assert.ok(!replayed(second));
  assert.notEqual(second.ids_.stream, first.ids_.stream);
  assert.equal(it.mock.calls(tag), 2);
});

test('after idempotency.ttl the key is free again', async (t) => {
  const { mock, parley } = await ownWorld(t, { 'idempotency.ttl': '1s' });
  const headers = keyed();
  const tag = newTag();
  const body = say({ tag, tokens: 1 });
  const first = await post(parley, messageRoute, body, headers);
  await until(async () => {
    const again = await post(parley, messageRoute, body, headers);
    assert.equal(again.status, 200);
    return again.json.stream_id !== first.json.stream_id;
  }, 'the key expires', { every: 100 });
  assert.equal(mock.calls(tag), 2);
});

test('keys survive kill -9: finished and running streams are replayed, not started', async (t) => {
  const { mock, parley } = await ownWorld(t);
  const done = { tag: newTag(), tokens: 3 };
  const running = { tag: newTag(), gate: 2, tokens: 5 };
  const doneKey = keyed();
  const runningKey = keyed();
  const first = await answer(parley, done, { headers: doneKey });
  const cut = await openStream(parley, running, { headers: runningKey });
  await cut.untilText('w1 ');
  await parley.kill9();
  await cut.pumped;
  await parley.start();
  const again = await answer(parley, done, { headers: doneKey });
  assert.ok(replayed(again));
  assert.deepEqual(again.ids_, first.ids_);
  assert.equal(again.text, first.text);
  const resumed = await answer(parley, running, { headers: runningKey });
  assert.ok(replayed(resumed));
  assert.equal(resumed.ids_.stream, cut.ids_.stream);
  checkFrames(resumed.frames);
  assert.equal(resumed.terminal.code, 'interrupted');
  await untilStatus(parley, cut.ids_.stream, 'interrupted');
  checkProblem(await post(parley, streamRoute, say('other'), runningKey), 422);
  assert.equal(mock.calls(done.tag), 1);
  assert.equal(mock.calls(running.tag), 1);
});

test('a key whose request met a kill -9 at any moment gives one stream', async (t) => {
  const { mock, parley } = await ownWorld(t);
  for (let round = 0; round < 8; round += 1) {
    const tag = newTag();
    const headers = keyed();
    const body = say({ tag, tokens: 3 });
    const pending = post(parley, startRoute, body, headers).catch(() => null);
    await new Promise((go) => setTimeout(go, round));
    await parley.kill9();
    const before = await pending;
    await parley.start();
    const after = await post(parley, startRoute, body, headers);
    assert.equal(after.status, 202);
    if (before?.status === 202) assert.equal(after.json.id, before.json.id);
    await untilStatus(parley, after.json.id, ['complete', 'interrupted']);
    // The upstream may be called while the accept is under way, so a call that
    // died with an unaccepted request is followed by one of the second try.
    assert.ok(mock.calls(tag) <= (replayed(after) ? 1 : 2), `${mock.calls(tag)} calls`);
  }
});
