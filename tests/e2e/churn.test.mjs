// Issue "Streams that survive": many streams over a bad network. Clients drop
// at random bytes, half of them with RST, post twice under one key, and resume;
// each ends with the whole text, and the upstream was called once per stream.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask, textOf } from '../support/mock_upstream.mjs';
import { readAndDrop } from '../support/dropping_client.mjs';
import { requestBytes } from '../support/raw_http.mjs';
import {
  hangLimit, randomFrom, seedFromEnvironment, until, within,
} from '../support/wait.mjs';
import {
  get, messagesOf, newTag, startRoute, streamRoute, streamState, textIn,
} from './lib/client.mjs';
import { checkFrames } from './lib/checks.mjs';
import { ownWorld } from './lib/setup.mjs';

const streams = Number(process.env.PARLEY_E2E_CHURN_STREAMS ?? 200);

class Client {
  constructor(world, random) {
    Object.assign(this, world);
    this.random = random;
    this.tag = newTag('churn');
    this.plan = {
      tag: this.tag,
      tokens: 20 + Math.floor(random() * 120),
      delay_ms: Math.floor(random() * 8),
      unicode: random() < 0.5,
      seed: Math.floor(random() * 1000),
      split: random() < 0.2 ? 5 : 0,
    };
    this.frames = [];
    this.headers = null;
    this.drops = 0;
  }

  get after() { return this.frames.at(-1)?.seq ?? 0; }

  get done() { return ['done', 'error'].includes(this.frames.at(-1)?.type); }

  post() {
    return requestBytes('POST', streamRoute, {
      'Content-Type': 'application/json', 'Idempotency-Key': this.tag,
    }, JSON.stringify({ message: ask(this.plan), on_disconnect: 'continue' }));
  }

  how() {
    return {
      // The later, the more patient: it must come to an end.
      budget: Math.floor(this.random() * (600 + 400 * this.drops)),
      reset: this.random() < 0.5,
    };
  }

  take(frames) {
    this.frames.push(...frames.filter((frame) => frame.type !== 'progress'));
  }

  async duplicate() {
    const seen = await readAndDrop(this.parley.port, this.post(), this.how());
    if (seen.status) assert.equal(seen.status, 200);
  }

  // Posts until it has learnt the stream's id. What a cut POST had brought is
  // kept only together with its id; a repeated POST begins again.
  async begin() {
    while (!this.headers) {
      const seen = await readAndDrop(this.parley.port, this.post(), this.how());
      this.drops += 1;
      if (!seen.status) continue;
      assert.equal(seen.status, 200, seen.text);
      this.headers = seen.headers;
      this.take(seen.frames);
    }
  }

  async resume() {
    const path = `${startRoute}/${this.headers['x-stream-id']}/events`;
    const after = this.after ? { 'Last-Event-ID': this.after } : {};
    const seen = await readAndDrop(this.parley.port, requestBytes('GET', path, after), this.how());
    this.drops += 1;
    if (!seen.status) return;
    assert.equal(seen.status, 200, seen.text);
    this.take(seen.frames);
  }

  async run() {
    const duplicates = [];
    if (this.random() < 0.5) duplicates.push(this.duplicate());
    await this.begin();
    if (this.random() < 0.5) duplicates.push(this.duplicate());
    while (!this.done) await this.resume();
    await Promise.all(duplicates);
    return this;
  }

  async check() {
    checkFrames(this.frames);
    const last = this.frames.at(-1);
    assert.equal(last.type, 'done', JSON.stringify(last));
    const text = textIn(this.frames);
    assert.equal(text, textOf(this.plan), `${this.tag} after ${this.drops} drops`);
    const messages = await messagesOf(this.parley, this.headers['x-conversation-id']);
    assert.equal(messages.length, 2);
    assert.equal(messages[1].id, this.headers['x-message-id']);
    assert.equal(messages[1].content, text);
    assert.equal(messages[1].status, 'complete');
    assert.equal(this.mock.calls(this.tag), 1, 'one upstream call');
    assert.equal((await streamState(this.parley, this.headers['x-stream-id'])).last_seq, this.after);
  }
}

test(`${streams} streams whose clients drop and resume all end whole, each called once`, async (t) => {
  const random = randomFrom(seedFromEnvironment(t));
  // The upstream lives in this process, which is busy being 200 clients: on a
  // slow machine it may answer late, and that is not what is tested here.
  const world = await ownWorld(t, {
    'llm.connect-timeout': '1h', 'llm.first-token-timeout': '1h', 'llm.idle-timeout': '1h',
  });
  const clients = Array.from({ length: streams }, () => (
    new Client(world, randomFrom(Math.floor(random() * 2 ** 32)))));
  const ends = await within(Promise.allSettled(clients.map((client) => client.run())),
    'all clients end', 3 * hangLimit);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  for (const client of clients) await client.check();
  t.diagnostic(`${clients.reduce((sum, c) => sum + c.drops, 0)} connections were dropped`);
  assert.equal(world.mock.requests.length, streams, 'as many calls as distinct requests');
  await until(async () => (await streamState(world.parley,
    clients[0].headers['x-stream-id'])).subscribers === 0, 'no reader is left over');
  assert.equal((await get(world.parley, '/readyz')).status, 200);
});
