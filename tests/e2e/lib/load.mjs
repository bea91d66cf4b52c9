// A light load on a cluster by clients that behave: each message has a key, and
// whoever gets no answer, or one that says "later", asks again, anywhere.

import assert from 'node:assert/strict';

import { ask, textOf } from '../../support/mock_upstream.mjs';
import { pause, randomFrom, until, within } from '../../support/wait.mjs';
import { isAlive } from './cluster.mjs';
import {
  get, join, messagesOf, newTag, post, say, startRoute, streamState, textIn,
} from './client.mjs';
import { checkFrames } from './checks.mjs';

const terminal = ['complete', 'truncated', 'cancelled', 'failed', 'interrupted'];

class Sender {
  constructor(cluster, random) {
    this.cluster = cluster;
    this.random = random;
    this.sent = [];
    this.retries = 0;
    this.conversations = [];
    this.ended = false;
    this.abandoned = false;
  }

  // Whether two messages have come through since a count of `sent`.
  passed(count) {
    if (this.failure) throw this.failure;
    return this.sent.length >= count + 2;
  }

  // A test that has failed waits for nobody.
  checkWanted() {
    if (this.abandoned) throw new Error('the test is over');
  }

  node() {
    const running = this.cluster.nodes.filter((node) => isAlive(node) && !node.frozen);
    return running[Math.floor(this.random() * running.length)];
  }

  // Until it has been accepted; what was sent is noted before, as `accepted`
  // may be true of a request whose answer is lost.
  async send(one) {
    const body = say(one.plan, {
      on_disconnect: 'continue',
      ...(one.conversation ? { conversation_id: one.conversation } : {}),
    });
    for (;;) {
      this.checkWanted();
      const node = this.node();
      const answered = node && await post(node, startRoute, body,
        { 'Idempotency-Key': one.plan.tag }).catch(() => null);
      if (answered?.status === 202) return answered.json;
      if (answered?.status === 409 && answered.json.active_stream_id) {
        // The stream before, of this client's own, is about to end.
      } else if (answered && answered.status !== 503) {
        throw new Error(`${node.name} to ${one.plan.tag}: ${answered.status} ${answered.text}`);
      }
      this.retries += 1;
      await pause(20 + this.random() * 80);
    }
  }

  // Reads to the end, over whatever is lost on the way.
  async read(one) {
    const frames = [];
    const last = () => frames.at(-1);
    while (!['done', 'error'].includes(last()?.type)) {
      this.checkWanted();
      const node = this.node();
      const reader = node && await join(node, one.id, { after: last()?.seq ?? null })
        .catch(() => null);
      await reader?.pumped;
      if (reader && ![200, 503].includes(reader.status)) {
        throw new Error(`${node.name} for ${one.id}: ${reader.status} ${reader.raw}`);
      }
      for (const frame of reader?.status === 200 ? reader.frames : []) {
        // What its node's loss says is no frame of the stream.
        const lost = frame.type === 'error' && frame.code === 'node_lost';
        if (frame.type !== 'progress' && !lost) frames.push(frame);
      }
      if (!['done', 'error'].includes(last()?.type)) await pause(20 + this.random() * 80);
    }
    return frames;
  }

  async one() {
    const plan = {
      tag: newTag('load'),
      tokens: 3 + Math.floor(this.random() * 30),
      delay_ms: Math.floor(this.random() * 10),
      unicode: true,
      seed: Math.floor(this.random() * 1000),
    };
    const old = this.random() < 0.5;
    const conversation = old
      ? this.conversations[Math.floor(this.random() * this.conversations.length)] : undefined;
    const one = { plan, conversation };
    const state = await this.send(one);
    one.id = state.id;
    one.conversation = state.conversation_id;
    one.message = state.message_id;
    one.frames = await this.read(one);
    if (!old) this.conversations.push(one.conversation);
    this.sent.push(one);
  }

  async run() {
    try {
      while (!this.ended) await this.one();
    } catch (error) {
      this.failure = error;
    }
  }
}

// So many clients at work, until `stop`.
export class Load {
  constructor(t, cluster, count, seed) {
    this.senders = Array.from({ length: count }, (_, i) => (
      new Sender(cluster, randomFrom(seed + i + 1))));
    this.running = Promise.allSettled(this.senders.map((sender) => sender.run()));
    t.after(() => {
      for (const sender of this.senders) {
        sender.ended = true;
        sender.abandoned = true;
      }
    });
  }

  // Two more messages of each have come through.
  async progress() {
    const counts = this.senders.map((sender) => sender.sent.length);
    await until(() => this.senders.every((sender, i) => sender.passed(counts[i])),
      'everybody gets on');
  }

  // All that was sent, answered and read.
  async stop() {
    for (const sender of this.senders) sender.ended = true;
    await within(this.running, 'the last answers');
    for (const sender of this.senders) if (sender.failure) throw sender.failure;
    return this.senders.flatMap((sender) => sender.sent);
  }

  get retries() {
    return this.senders.reduce((sum, sender) => sum + sender.retries, 0);
  }
}

async function checkOne(node, mock, one, interrupted) {
  const shown = `${one.plan.tag} ${one.id} through ${node.name}`;
  const full = textOf(one.plan);
  const state = await streamState(node, one.id);
  assert.ok(terminal.includes(state.status), `${shown}: ${state.status}`);
  const messages = await messagesOf(node, one.conversation);
  const users = messages.filter((m) => m.content === ask(one.plan));
  assert.equal(users.length, 1, `${shown}: stored ${users.length} times`);
  const found = messages.find((m) => m.id === one.message);
  assert.ok(found, `${shown}: no message`);
  assert.equal(found.status, state.status, shown);
  checkFrames(one.frames);
  const text = textIn(one.frames);
  assert.equal(text, found.content, `${shown}: what was read, up to `
    + `${JSON.stringify(one.frames.at(-1))}, is what is stored as ${state.status}`);
  if (!interrupted) assert.equal(state.status, 'complete', shown);
  if (state.status === 'complete') assert.equal(found.content, full, shown);
  else assert.ok(full.startsWith(found.content), shown);
  const whole = await (await join(node, one.id)).end();
  assert.equal(whole.text, found.content, shown);
  // Under a key the upstream is asked once the message is durable: a node that
  // is killed in between leaves an interrupted answer without a call.
  const calls = mock.calls(one.plan.tag);
  assert.ok(calls === 1 || (calls === 0 && state.status === 'interrupted' && !text),
    `${shown}: ${calls} calls of the upstream, ${state.status}`);
}

// Of everything that was accepted nothing is lost and nothing is there twice.
export async function checkWhole(cluster, mock, sent, { interrupted = true } = {}) {
  for (const [i, one] of sent.entries()) {
    await checkOne(cluster.nodes[i % cluster.nodes.length], mock, one, interrupted);
  }
  for (const node of cluster.nodes) {
    const listed = await allConversations(node);
    assert.deepEqual(listed.map((c) => c.id).sort(),
      [...new Set(sent.map((one) => one.conversation))].sort(), `the list of ${node.name}`);
    for (const one of listed) assert.equal(one.active_stream ?? null, null);
  }
}

async function allConversations(node) {
  const data = [];
  let cursor = '';
  do {
    const page = await until(async () => {
      const answered = await get(node, `/api/v1/conversations?limit=100${cursor}`);
      return !answered.headers['x-missing-node'] && answered.json;
    }, 'a whole page');
    data.push(...page.data);
    cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
  } while (cursor);
  return data;
}
