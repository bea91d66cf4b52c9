// Issue 2 and 3: kill -9 at any moment. Nothing that was accepted is lost, no
// text that a reader was sent is missing, nothing is left as `generating`, and
// streams can be resumed by their old id.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask, textOf } from '../support/mock_upstream.mjs';
import { pause, randomFrom, seedFromEnvironment } from '../support/wait.mjs';
import {
  answer, get, join, messagesOf, newTag, openStream, post, startRoute, streamState, textIn,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer } from './lib/checks.mjs';
import { ownWorld } from './lib/setup.mjs';

const kills = Number(process.env.PARLEY_E2E_KILLS ?? 50);
const strictKills = Number(process.env.PARLEY_E2E_STRICT_KILLS ?? 15);
const answerTokens = Number(process.env.PARLEY_E2E_KILL_TOKENS ?? 20);
// Text that a reader had this long before the kill must be stored: far more
// than streams.flush-interval, for a machine that does other things as well.
const settledMs = 200;

// The text of a reader that had come by a moment of performance.now().
function textBefore({ reader }, moment) {
  return textIn(reader.frames.filter((_, i) => reader.arrivals[i] <= moment));
}

async function start(parley, random) {
  const plan = {
    tag: newTag('crash'),
    tokens: 10 + Math.floor(random() * 150),
    delay_ms: 1 + Math.floor(random() * 10),
    first_delay_ms: Math.floor(random() * 40),
    unicode: true,
    seed: Math.floor(random() * 1000),
  };
  try {
    return { plan, reader: await openStream(parley, plan) };
  } catch (error) {
    if (/^no stream/.test(error.message)) throw error;
    return null; // killed before its 200
  }
}

// What must hold of a stream of the killed process. `settled`: text that must
// be there.
async function checkAfterCrash(parley, { plan, reader }, settled) {
  const { stream, conversation, message } = reader.ids_;
  const messages = await messagesOf(parley, conversation);
  assert.deepEqual(messages.map((m) => m.role), ['user', 'assistant'], 'the accepted pair is there');
  assert.equal(messages[0].content, ask(plan));
  assert.equal(messages[1].id, message);
  const stored = messages[1].content;
  const full = textOf(plan);
  assert.ok(full.startsWith(stored), `stored text is a prefix: ${JSON.stringify(stored.slice(-60))}`);
  assert.ok(stored.startsWith(settled),
    `text is missing: ${settled.length} characters were sent, ${stored.length} are stored`);
  const finished = reader.terminal?.type === 'done';
  if (finished) assert.equal(messages[1].status, 'complete', 'a done that was sent is durable');
  assert.ok(['complete', 'interrupted'].includes(messages[1].status), messages[1].status);
  const state = await streamState(parley, stream);
  assert.equal(state.status, messages[1].status);

  const after = reader.lastSeq;
  if (!finished) {
    const rest = await (await join(parley, stream, { after })).end();
    checkFrames(rest.frames, { after });
    if (state.status === 'interrupted') {
      assert.equal(rest.terminal.code, 'interrupted');
      assert.ok(rest.terminal.seq > after);
    }
    const joined = reader.text + rest.text;
    assert.ok(joined === stored || joined.startsWith(stored), 'the rest fits to what was seen');
    assert.ok(full.startsWith(joined));
  }
  const whole = await (await join(parley, stream)).end();
  checkFrames(whole.frames);
  assert.equal(whole.text, stored);
  const next = await answer(parley, { tokens: 1 }, { fields: { conversation_id: conversation } });
  checkGoodAnswer(next, 'w0 ');
}

async function nothingGenerates(parley) {
  let cursor = '';
  do {
    const page = (await get(parley, `/api/v1/conversations?limit=100${cursor}`)).json;
    for (const conversation of page.data) {
      assert.equal(conversation.active_stream, null);
      for (const message of await messagesOf(parley, conversation.id)) {
        assert.notEqual(message.status, 'generating', message.id);
      }
    }
    cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
  } while (cursor);
}

async function killAtRandomMoments(t, count, options, settledAt) {
  const seed = seedFromEnvironment(t);
  const random = randomFrom(seed);
  const { parley } = await ownWorld(t, options);
  let inFlight = 0;
  for (let round = 0; round < count; round += 1) {
    const opening = Array.from({ length: 6 }, () => start(parley, random));
    await pause(random() * 600);
    const killed = performance.now();
    await parley.kill9();
    const streams = (await Promise.all(opening)).filter(Boolean);
    await Promise.all(streams.map((watched) => watched.reader.pumped));
    inFlight += streams.filter((watched) => !watched.reader.terminal).length;
    await parley.start();
    for (const watched of streams) {
      try {
        await checkAfterCrash(parley, watched, settledAt(watched, killed));
      } catch (error) {
        error.message = `round ${round}, seed ${seed}, ${JSON.stringify(watched.plan)}: ${error.message}`;
        throw error;
      }
    }
  }
  t.diagnostic(`${inFlight} streams were in flight when they were killed`);
  assert.ok(inFlight > count / 2, 'the kills met running streams');
  await nothingGenerates(parley);
}

test(`kill -9 at a random moment, ${kills} times in a row, loses nothing that was sent`, async (t) => {
  await killAtRandomMoments(t, kills, {},
    (watched, killed) => textBefore(watched, killed - settledMs));
});

test(`with durability strict, ${strictKills} kills lose not one character`, async (t) => {
  await killAtRandomMoments(t, strictKills, { 'storage.durability': 'strict' },
    (watched) => watched.reader.text);
});

test('with durability os a killed process loses nothing either', async (t) => {
  await killAtRandomMoments(t, Math.ceil(strictKills / 3), { 'storage.durability': 'os' },
    (watched, killed) => textBefore(watched, killed - settledMs));
});

for (const durability of ['accepted', 'strict']) {
  test(`kill -9 after every token of an answer keeps exactly that text (${durability})`, async (t) => {
    const { parley } = await ownWorld(t, { 'storage.durability': durability });
    for (let k = 0; k <= answerTokens; k += 1) {
      const plan = { tag: newTag('k'), gate: k, tokens: answerTokens, unicode: true, seed: k };
      const sent = textOf({ ...plan, tokens: k });
      const watched = { plan, reader: await openStream(parley, plan) };
      await watched.reader.until((r) => r.text === sent, `${k} tokens`);
      if (k === answerTokens) await watched.reader.end();
      else if (durability === 'accepted') await pause(settledMs);
      await parley.kill9();
      await watched.reader.pumped;
      await parley.start();
      await checkAfterCrash(parley, watched, sent);
      const [, stored] = await messagesOf(parley, watched.reader.ids_.conversation);
      assert.equal(stored.content, sent, `after ${k} tokens`);
      assert.equal(stored.status, k === answerTokens ? 'complete' : 'interrupted');
    }
  });
}

test('a done that a reader has seen is never taken back', async (t) => {
  const { parley } = await ownWorld(t);
  for (let round = 0; round < 15; round += 1) {
    const plan = { tokens: 5, seed: round };
    const watched = { plan, reader: await openStream(parley, plan) };
    await watched.reader.until((r) => r.terminal, 'the terminal frame');
    await parley.kill9();
    await parley.start();
    await checkAfterCrash(parley, watched, textOf(plan));
    const replay = await (await join(parley, watched.reader.ids_.stream)).end();
    assert.deepEqual(replay.terminal, watched.reader.terminal);
  }
});

test('a 202 is a promise: the stream is there after kill -9 at once', async (t) => {
  const { parley } = await ownWorld(t);
  for (let round = 0; round < 10; round += 1) {
    const { json: state } = await post(parley, startRoute, { message: ask({ tokens: 50, delay_ms: 5 }) });
    await parley.kill9();
    await parley.start();
    const after = await streamState(parley, state.id);
    assert.equal(after.status, 'interrupted');
    assert.equal(after.message_id, state.message_id);
    const [user, message] = await messagesOf(parley, state.conversation_id);
    assert.equal(user.content, ask({ tokens: 50, delay_ms: 5 }));
    assert.equal(message.status, 'interrupted');
  }
});

test('two crashes in a row change nothing any more', async (t) => {
  const { parley } = await ownWorld(t);
  const tag = newTag();
  const reader = await openStream(parley, { tag, gate: 3, tokens: 6 });
  await reader.untilText('w2 ');
  await pause(settledMs);
  await parley.kill9();
  await parley.start();
  const first = await (await join(parley, reader.ids_.stream)).end();
  await parley.kill9();
  await parley.start();
  const second = await (await join(parley, reader.ids_.stream)).end();
  assert.deepEqual(second.frames, first.frames);
  assert.equal(first.text, 'w0 w1 w2 ');
  await nothingGenerates(parley);
});
