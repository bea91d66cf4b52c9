// A plain client of Parley's API: JSON calls over node:http, streams over
// `fetch` and npm's `eventsource-parser`, which know nothing of our code.

import http from 'node:http';
import { createParser } from 'eventsource-parser';

import { until, within } from '../../support/wait.mjs';
import { ask } from '../../support/mock_upstream.mjs';

export const streamRoute = '/api/v1/chat/message/stream';
export const messageRoute = '/api/v1/chat/message';
export const startRoute = '/api/v1/chat/streams';

let tags = 0;
// A tag of its own for each request whose calls a test counts.
export function newTag(name = 'call') {
  tags += 1;
  return `${name}-${process.pid}-${tags}`;
}

// -- JSON calls -----------------------------------------------------------------

// `body`: an object is sent as JSON; a string or bytes are sent as they are.
export function call(parley, method, path, { body, headers = {} } = {}) {
  const plain = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = body === undefined ? null : Buffer.from(plain ? body : JSON.stringify(body));
  const all = { ...headers };
  if (!plain && !('Content-Type' in all)) all['Content-Type'] = 'application/json';
  if (bytes) all['Content-Length'] = bytes.length;
  const request = new Promise((resolve, reject) => {
    const outgoing = http.request(`${parley.url}${path}`, {
      method, headers: all, agent: false,
    }, (incoming) => {
      const parts = [];
      incoming.on('data', (part) => parts.push(part));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const got = Buffer.concat(parts);
        const text = got.toString('utf8');
        resolve({
          status: incoming.statusCode,
          headers: incoming.headers,
          bytes: got,
          text,
          get json() {
            try {
              return JSON.parse(text);
            } catch (error) {
              throw new Error(`${method} ${path} answered ${incoming.statusCode} with no JSON: `
                + `${JSON.stringify(text.slice(0, 300))} (${error.message})`);
            }
          },
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(bytes ?? undefined);
  });
  return within(request, `an answer to ${method} ${path}`);
}

export const get = (parley, path, headers) => call(parley, 'GET', path, { headers });
export const post = (parley, path, body, headers) => call(parley, 'POST', path, { body, headers });
export const patch = (parley, path, body) => call(parley, 'PATCH', path, { body });
export const del = (parley, path) => call(parley, 'DELETE', path);

// -- streams ----------------------------------------------------------------------

// The frames of one response, as a third party's parser sees them, and its
// bytes, for those who look closer.
export class Reader {
  constructor(response, controller) {
    this.response = response;
    this.status = response.status;
    this.headers = response.headers;
    this.controller = controller;
    this.parts = [];
    this.frames = [];
    this.ids = [];
    this.arrivals = []; // of each frame, by performance.now()
    this.comments = 0;
    this.retry = null;
    this.ended = false;
    this.error = null;
    this.parser = createParser({
      onEvent: (event) => {
        this.frames.push(JSON.parse(event.data));
        this.ids.push(event.id);
        this.arrivals.push(performance.now());
      },
      onComment: () => { this.comments += 1; },
      onRetry: (value) => { this.retry = value; },
      onError: (error) => { this.error = error; },
    });
    this.pumped = this.pump();
  }

  async pump() {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    try {
      for await (const part of this.response.body ?? []) {
        this.parts.push(Buffer.from(part));
        this.parser.feed(decoder.decode(part, { stream: true }));
      }
      this.parser.feed(decoder.decode());
    } catch (error) {
      this.error = error;
    }
    this.ended = true;
  }

  get raw() { return Buffer.concat(this.parts); }

  get last() { return this.frames.at(-1); }

  get lastSeq() { return this.frames.findLast((frame) => frame.seq)?.seq ?? 0; }

  get start() { return this.frames.find((frame) => frame.type === 'start'); }

  get terminal() {
    return this.frames.find((frame) => frame.type === 'done' || frame.type === 'error');
  }

  get text() { return textIn(this.frames); }

  get ids_() {
    const h = (name) => this.headers.get(name);
    return {
      stream: h('x-stream-id'), conversation: h('x-conversation-id'), message: h('x-message-id'),
    };
  }

  of(type) { return this.frames.filter((frame) => frame.type === type); }

  // Waits until `condition(reader)` holds.
  async until(condition, what) {
    await until(() => {
      if (condition(this)) return true;
      if (this.ended) {
        throw new Error(`the stream ended before ${what}; `
          + `error: ${this.error}, last frames: ${JSON.stringify(this.frames.slice(-3))}`);
      }
      return false;
    }, what, { every: 2 });
    return this;
  }

  async untilText(text) {
    return this.until(() => this.text.includes(text), `the text ${JSON.stringify(text)}`);
  }

  async end() {
    await within(this.pumped, `the end of the stream; last: ${JSON.stringify(this.last)}`);
    if (this.error) throw this.error;
    return this;
  }

  abort() { this.controller.abort(); }
}

// The text that a client which follows the contract ends up with.
export function textIn(frames) {
  let text = '';
  for (const frame of frames) {
    if (frame.type === 'content') text += frame.chunk;
    else if (frame.type === 'reset') text = '';
  }
  return text;
}

export async function readStream(url, { method = 'GET', body, headers = {} } = {}) {
  const controller = new AbortController();
  const response = await within(fetch(url, {
    method,
    headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: controller.signal,
  }), `the head of ${method} ${url}`);
  return new Reader(response, controller);
}

// What to post: a directive for the mock upstream, or plain words.
export function say(what, fields = {}) {
  const message = typeof what === 'string' ? what : ask(what);
  return { message, ...fields };
}

export async function openStream(parley, what, {
  fields = {}, headers = {}, query = '',
} = {}) {
  const reader = await readStream(`${parley.url}${streamRoute}${query}`, {
    method: 'POST', body: say(what, fields), headers,
  });
  if (reader.status !== 200) {
    await reader.pumped;
    throw new Error(`no stream: ${reader.status} ${reader.raw}`);
  }
  return reader;
}

// A whole answer, read to its end.
export async function answer(parley, what, how) {
  return (await openStream(parley, what, how)).end();
}

// Joins a stream; `after` goes into the header, `query` as it is.
export function join(parley, streamId, { after = null, query = '' } = {}) {
  const headers = after === null ? {} : { 'Last-Event-ID': `${after}` };
  return readStream(`${parley.url}${startRoute}/${streamId}/events${query}`, { headers });
}

// -- what is stored -----------------------------------------------------------------

export async function streamState(parley, streamId) {
  const answered = await get(parley, `${startRoute}/${streamId}`);
  if (answered.status !== 200) throw new Error(`stream state: ${answered.status} ${answered.text}`);
  return answered.json;
}

export async function messagesOf(parley, conversationId, query = '?limit=100') {
  const answered = await get(parley, `/api/v1/conversations/${conversationId}/messages${query}`);
  if (answered.status !== 200) throw new Error(`messages: ${answered.status} ${answered.text}`);
  return answered.json.data;
}

// The stored message of a stream's answer.
export async function storedAnswer(parley, reader) {
  const { conversation, message } = reader.ids_;
  const messages = await messagesOf(parley, conversation);
  const found = messages.find((m) => m.id === message);
  if (!found) throw new Error(`no message ${message} in ${conversation}`);
  return found;
}

export async function untilStatus(parley, streamId, status) {
  const wanted = [status].flat();
  return until(async () => {
    const state = await streamState(parley, streamId);
    return wanted.includes(state.status) && state;
  }, `status ${wanted} of ${streamId}`);
}
