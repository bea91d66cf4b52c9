// How the mock upstream writes its answers: OpenAI's shapes, at a pace, with
// the faults of mock_faults.mjs in their places.

import { piecesOf, reasoningOf } from './mock_plan.mjs';
import { faultAfterPieces, faultBeforeHead } from './mock_faults.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function json(value, ascii = false) {
  const text = JSON.stringify(value);
  if (!ascii) return text;
  return text.replace(/[\u0080-\uffff]/g, (unit) => (
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`));
}

// One answer being written. `record` is what tests look at.
export class Answer {
  constructor(mock, record, plan, request, response) {
    Object.assign(this, { mock, record, plan, request, response });
    this.model = record.body.model ?? 'mock';
    this.id = `chatcmpl-${record.id}`;
    this.created = 1700000000;
    this.closed = false;
    response.on('close', () => {
      this.closed = true;
      this.mock.wake();
    });
  }

  // Resolves when `condition()` holds or the client is gone.
  async until(condition) {
    while (!this.closed && !condition()) await this.mock.change();
  }

  async wait(ms) {
    if (ms > 0) await pause(ms);
  }

  async write(text) {
    if (this.closed) return;
    const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text, 'utf8');
    const step = this.plan.split || bytes.length || 1;
    for (let at = 0; at < bytes.length && !this.closed; at += step) {
      const room = this.response.write(bytes.subarray(at, at + step));
      // A tick of its own for each write, or node would join them; now and then
      // the whole loop, so that others get on.
      if (this.plan.split) await new Promise((go) => process.nextTick(go));
      if (this.plan.split && at % 64 < step) await new Promise((go) => setImmediate(go));
      if (!room && !this.closed) await this.drained();
    }
  }

  drained() {
    return new Promise((resolve) => {
      const done = () => {
        this.response.off('drain', done);
        this.response.off('close', done);
        resolve();
      };
      this.response.on('drain', done);
      this.response.on('close', done);
    });
  }

  async frame(data) {
    const { eol, comments, ascii } = this.plan;
    const text = typeof data === 'string' ? data : json(data, ascii);
    const comment = comments ? `: the mock is thinking${eol}${eol}` : '';
    await this.write(`${comment}data: ${text}${eol}${eol}`);
  }

  chunk(delta, finish_reason = null) {
    return {
      id: this.id,
      object: 'chat.completion.chunk',
      created: this.created,
      model: this.model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    };
  }

  usage(count) {
    return {
      prompt_tokens: 11, completion_tokens: count, total_tokens: 11 + count,
    };
  }

  async head(status, headers) {
    if (this.closed) return;
    this.record.head_sent = true;
    if (this.plan.framing === 'close') {
      this.response.useChunkedEncodingByDefault = false;
      this.response.setHeader('Connection', 'close');
    }
    this.response.writeHead(status, headers);
    this.response.flushHeaders();
    this.mock.wake();
  }

  finish(state) {
    this.record.state = state;
    if (!this.closed) this.response.end();
    this.mock.wake();
  }

  async run() {
    const { plan, record } = this;
    const fails = plan.times === null || record.attempt <= plan.times;
    if (!fails) this.plan = { ...plan, fault: null };
    await this.wait(plan.head_delay_ms);
    if (plan.hold_head) await this.until(() => this.mock.released(plan.tag) > 0);
    if (this.closed) return;
    if (await faultBeforeHead(this)) return;
    if (record.body.stream) await this.stream();
    else await this.whole();
  }

  async whole() {
    const pieces = piecesOf(this.plan);
    const reasoning = reasoningOf(this.plan).join('');
    await this.wait(this.plan.first_delay_ms + pieces.length * this.plan.delay_ms);
    const message = { role: 'assistant', content: pieces.join('') };
    if (reasoning) message[this.plan.reasoning_key] = reasoning;
    const body = Buffer.from(json({
      id: this.id,
      object: 'chat.completion',
      created: this.created,
      model: this.model,
      choices: [{
        index: 0, message, logprobs: null, finish_reason: this.plan.finish,
      }],
      usage: this.usage(pieces.length),
    }));
    await this.head(200, {
      'Content-Type': 'application/json', 'Content-Length': body.length,
    });
    this.record.sent = pieces.length;
    await this.write(body);
    this.finish('finished');
  }

  async stream() {
    const { plan, record } = this;
    await this.head(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache',
    });
    await this.frame(this.chunk({ role: 'assistant', content: '' }));
    await this.wait(plan.first_delay_ms);
    for (const thought of reasoningOf(plan)) {
      await this.frame(this.chunk({ [plan.reasoning_key]: thought }));
      await this.wait(plan.delay_ms);
    }
    const pieces = piecesOf(plan);
    for (let i = 0; !this.closed; i += 1) {
      if (await faultAfterPieces(this, i)) return;
      if (i >= pieces.length) break;
      const gate = plan.gate ?? Infinity;
      await this.until(() => i < gate + this.mock.released(plan.tag));
      if (this.closed) return;
      await this.frame(this.chunk({ content: pieces[i] }));
      record.sent = i + 1;
      record.times.push(performance.now());
      this.mock.wake();
      if (plan.delay_ms > 0) await this.wait(plan.delay_ms);
    }
    if (this.closed) return;
    await this.end(pieces.length);
  }

  async end(count) {
    const { plan, record } = this;
    if (plan.fault !== 'done_without_finish') {
      await this.frame(this.chunk({}, plan.finish));
    }
    if (plan.usage && record.body.stream_options?.include_usage) {
      const { choices, ...rest } = this.chunk({});
      await this.frame({ ...rest, choices: [], usage: this.usage(count) });
    }
    await this.frame('[DONE]');
    this.finish('finished');
  }
}
