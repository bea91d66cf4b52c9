// An HTTP/1.1 client that controls every byte: it can split, drip, cut, reset
// and half-close, send what is not HTTP, and it reads what comes back strictly.

import net from 'node:net';

import { hangLimit } from './wait.mjs';

const separator = Buffer.from('\r\n\r\n');

export class RawConnection {
  constructor(socket) {
    this.socket = socket;
    this.buffer = Buffer.alloc(0);
    this.received = 0;
    this.ended = false;
    this.error = null;
    this.waiters = new Set();
    const wake = () => {
      for (const waiter of [...this.waiters]) waiter();
    };
    socket.on('data', (part) => {
      this.buffer = Buffer.concat([this.buffer, part]);
      this.received += part.length;
      wake();
    });
    socket.on('end', () => { this.ended = true; wake(); });
    socket.on('error', (error) => { this.error = error; this.ended = true; wake(); });
    socket.on('close', () => { this.ended = true; wake(); });
  }

  static open(port, { host = '127.0.0.1', allowHalfOpen = true } = {}) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host, allowHalfOpen, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  // Resolves when the bytes are with the kernel; a server that has closed
  // already is no error here.
  write(bytes) {
    return new Promise((resolve) => {
      if (this.socket.destroyed || this.socket.writableEnded) resolve();
      else this.socket.write(bytes, () => resolve());
    });
  }

  async drip(bytes, { size = 1, every = 0 } = {}) {
    const all = Buffer.from(bytes);
    for (let at = 0; at < all.length && !this.ended; at += size) {
      await this.write(all.subarray(at, at + size));
      await new Promise((go) => (every ? setTimeout(go, every) : setImmediate(go)));
    }
  }

  halfClose() { this.socket.end(); }

  reset() { this.socket.resetAndDestroy(); }

  close() { this.socket.destroy(); }

  wait(what, limit = hangLimit) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(wake);
        reject(new Error(`hangs: ${what} did not arrive; so far: ${this.shown()}`));
      }, limit);
      const wake = () => {
        clearTimeout(timer);
        this.waiters.delete(wake);
        resolve();
      };
      this.waiters.add(wake);
    });
  }

  shown() {
    return JSON.stringify(this.buffer.subarray(0, 400).toString('latin1'));
  }

  async need(condition, what) {
    while (!condition()) {
      if (this.ended) {
        throw new Error(`the connection ended before ${what}: ${this.error ?? 'FIN'}, `
          + `so far: ${this.shown()}`);
      }
      await this.wait(what);
    }
  }

  take(count) {
    const bytes = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    return bytes;
  }

  async line() {
    await this.need(() => this.buffer.includes('\r\n'), 'a line');
    const bytes = this.take(this.buffer.indexOf('\r\n') + 2);
    return bytes.subarray(0, -2).toString('latin1');
  }

  async exactly(count, what) {
    await this.need(() => this.buffer.length >= count, what);
    return Buffer.from(this.take(count));
  }

  async head() {
    await this.need(() => this.buffer.includes(separator), 'a response head');
    const text = this.take(this.buffer.indexOf(separator) + 4).toString('latin1');
    const [first, ...lines] = text.slice(0, -4).split('\r\n');
    const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first);
    if (!status) throw new Error(`not a status line: ${JSON.stringify(first)}`);
    const headers = new Map();
    for (const header of lines) {
      const colon = header.indexOf(':');
      if (colon < 1) throw new Error(`not a header: ${JSON.stringify(header)}`);
      const name = header.slice(0, colon).toLowerCase();
      const value = header.slice(colon + 1).trim();
      headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
    }
    return { status: Number(status[1]), version: first.slice(5, 8), headers };
  }

  // One chunk of a chunked body, or null for its end.
  async chunk() {
    const size = await this.line();
    if (!/^[0-9a-fA-F]+$/.test(size)) throw new Error(`not a chunk size: ${JSON.stringify(size)}`);
    const length = parseInt(size, 16);
    const bytes = await this.exactly(length + 2, 'a chunk');
    if (bytes.subarray(length).toString('latin1') !== '\r\n') {
      throw new Error('a chunk is longer than its size says');
    }
    return length === 0 ? null : bytes.subarray(0, length);
  }

  async untilEnd() {
    while (!this.ended) await this.wait('the end of the connection');
    return Buffer.from(this.take(this.buffer.length));
  }

  // A whole response. `method` decides whether there is a body.
  async response(method = 'GET') {
    const head = await this.head();
    const { status, headers } = head;
    let body = Buffer.alloc(0);
    const none = method === 'HEAD' || status === 204 || status === 304
      || (status >= 100 && status < 200);
    if (none) {
      // nothing follows
    } else if (/chunked/i.test(headers.get('transfer-encoding') ?? '')) {
      const parts = [];
      for (let part = await this.chunk(); part; part = await this.chunk()) parts.push(part);
      body = Buffer.concat(parts);
    } else if (headers.has('content-length')) {
      body = await this.exactly(Number(headers.get('content-length')), 'a body');
    } else {
      body = await this.untilEnd();
    }
    const text = body.toString('utf8');
    return {
      ...head,
      body,
      text,
      get json() { return JSON.parse(text); },
    };
  }
}

// The bytes of a request; `headers` as [name, value] pairs or an object.
export function requestBytes(method, target, headers = {}, body = null) {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  const has = (name) => pairs.some(([key]) => key.toLowerCase() === name);
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!has('host')) lines.push('Host: parley.test');
  for (const [name, value] of pairs) lines.push(`${name}: ${value}`);
  const bytes = body === null ? Buffer.alloc(0) : Buffer.from(body);
  if (body !== null && !has('content-length') && !has('transfer-encoding')) {
    lines.push(`Content-Length: ${bytes.length}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

// Sends bytes on a connection of their own and returns the answer to them.
export async function exchange(port, bytes, { method = 'GET' } = {}) {
  const connection = await RawConnection.open(port);
  try {
    connection.write(bytes);
    return await connection.response(method);
  } finally {
    connection.close();
  }
}
