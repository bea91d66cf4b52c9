// A mock of an OpenAI-compatible server: streaming and plain chat completions,
// model lists, every fault that real servers show, and a memory of what was
// asked of it.
//
// In a test:      const mock = await startMock();  …  await mock.close();
// As a process:   node mock_upstream.mjs [port]    (prints its address)
//
// Requests are steered as mock_plan.mjs says. Over HTTP, `GET /__mock/stats`
// shows what `mock.stats()` returns, `POST /__mock/release?tag=…&pieces=…`
// does what `mock.release` does, `POST /__mock/reset` forgets.

import http from 'node:http';
import https from 'node:https';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { Answer } from './mock_answer.mjs';
import { planOf } from './mock_plan.mjs';

export { ask, piecesOf, reasoningOf, textOf } from './mock_plan.mjs';

const models = ['mock', 'mock-small'];

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

class Mock {
  constructor() {
    this.emitter = new EventEmitter();
    this.emitter.setMaxListeners(0);
    this.connections = 0;
    this.open = new Set();
    this.forget();
  }

  forget() {
    this.requests = [];
    this.attempts = new Map();
    this.releases = new Map();
    this.failing_models = null;
  }

  // -- waiting ----------------------------------------------------------------

  wake() {
    this.emitter.emit('change');
  }

  change() {
    return once(this.emitter, 'change');
  }

  released(tag) {
    return this.releases.get(tag) ?? 0;
  }

  // Lets the answers of `tag` that wait at their gate send `pieces` more.
  release(tag, pieces = Infinity) {
    this.releases.set(tag, this.released(tag) + pieces);
    this.wake();
  }

  // -- what was asked -----------------------------------------------------------

  calls(tag) {
    return this.attempts.get(tag) ?? 0;
  }

  of(tag) {
    return this.requests.filter((record) => record.tag === tag);
  }

  last(tag) {
    return this.of(tag).at(-1);
  }

  stats() {
    return {
      calls: Object.fromEntries(this.attempts),
      connections: this.connections,
      open_connections: this.open.size,
      open_answers: this.requests.filter((r) => r.state === 'open').length,
      client_closed: this.requests.filter((r) => r.state === 'client_closed').length,
      requests: this.requests,
    };
  }

  // -- serving ------------------------------------------------------------------

  async serve(request, response) {
    const url = new URL(request.url, 'http://mock');
    if (url.pathname.startsWith('/__mock/')) {
      this.control(request, response, url);
      return;
    }
    const path = url.pathname.replace(/^.*?(?=\/v1\/)/, '');
    if (request.method === 'GET' && path.startsWith('/v1/models')) {
      this.listModels(request, response, path);
    } else if (request.method === 'POST' && path === '/v1/chat/completions') {
      await this.complete(request, response);
    } else {
      response.writeHead(404, { 'Content-Type': 'application/json' });
      response.end('{"error":{"message":"no such route","type":"not_found_error"}}');
    }
  }

  listModels(request, response, path) {
    if (this.failing_models) {
      response.writeHead(this.failing_models).end();
      return;
    }
    const show = (id) => ({
      id, object: 'model', created: 1700000000, owned_by: 'mock',
    });
    const name = decodeURIComponent(path.slice('/v1/models/'.length));
    const known = !name || models.includes(name);
    const body = name ? show(name) : { object: 'list', data: models.map(show) };
    response.writeHead(known ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(known ? body
      : { error: { message: `no model '${name}'`, type: 'not_found_error' } }));
  }

  async complete(request, response) {
    const bytes = await bodyOf(request);
    let body;
    try {
      body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch (error) {
      response.writeHead(400, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `${error}` } }));
      return;
    }
    const plan = planOf(body);
    const attempt = this.calls(plan.tag) + 1;
    this.attempts.set(plan.tag, attempt);
    const record = {
      id: this.requests.length + 1,
      tag: plan.tag,
      attempt,
      model: body.model,
      headers: request.headers,
      body,
      state: 'open', // then finished | fault | client_closed
      head_sent: false,
      sent: 0, // pieces
      times: [], // of each piece, milliseconds of performance.now()
      opened_at: performance.now(),
      closed_at: null,
      sent_at_close: null,
    };
    this.requests.push(record);
    response.on('close', () => {
      if (record.state === 'open') record.state = 'client_closed';
      record.closed_at = performance.now();
      record.sent_at_close = record.sent;
      this.wake();
    });
    this.wake();
    await new Answer(this, record, plan, request, response).run();
  }

  control(request, response, url) {
    const tag = url.searchParams.get('tag');
    if (url.pathname === '/__mock/stats') {
      const stats = this.stats();
      if (tag) stats.requests = this.of(tag);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(stats));
      return;
    }
    if (url.pathname === '/__mock/release') {
      this.release(tag, Number(url.searchParams.get('pieces') ?? Infinity));
    } else if (url.pathname === '/__mock/reset') {
      this.forget();
    }
    response.writeHead(204).end();
  }

  async listen(port, tls, host) {
    const handler = (request, response) => {
      request.on('error', () => {});
      response.on('error', () => {});
      this.serve(request, response).catch((error) => {
        // A client that left in the middle of its request is no news.
        if (error.code !== 'ECONNRESET') console.error('mock upstream:', error);
        response.destroy();
      });
    };
    this.server = tls ? https.createServer(tls, handler) : http.createServer(handler);
    this.server.keepAliveTimeout = 60_000;
    this.server.on('connection', (socket) => {
      this.connections += 1;
      this.open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.open.delete(socket);
        this.wake();
      });
    });
    this.server.listen(port, host);
    await once(this.server, 'listening');
    this.port = this.server.address().port;
    this.url = `${tls ? 'https' : 'http'}://${host}:${this.port}`;
    this.base_url = `${this.url}/v1`;
    return this;
  }

  async close() {
    for (const socket of this.open) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

export function startMock({ port = 0, tls = null, host = '127.0.0.1' } = {}) {
  return new Mock().listen(port, tls, host);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({ port: Number(process.argv[2] ?? 0) });
  console.log(`mock upstream: listening on ${mock.url}`);
  process.on('SIGTERM', () => process.exit(0));
}
