// A client on a bad network: it reads so many bytes of an answer and is gone,
// politely or with a reset, and knows only the whole frames that it had got.

import { RawConnection } from './raw_http.mjs';

// The payload of a chunked body that may be cut anywhere.
function partialBody(bytes) {
  const parts = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) break;
    const size = parseInt(bytes.subarray(at, end).toString('latin1'), 16);
    if (!(size >= 0)) throw new Error('not a chunk size');
    if (size === 0) return { body: Buffer.concat(parts), whole: true };
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return { body: Buffer.concat(parts), whole: false };
}

function understand(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return { status: null, frames: [], whole: false };
  const head = bytes.subarray(0, end).toString('latin1');
  const headers = Object.fromEntries(head.split('\r\n').slice(1).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const status = Number(head.slice(9, 12));
  const rest = bytes.subarray(end + 4);
  if (!/chunked/.test(headers['transfer-encoding'] ?? '')) {
    const length = Number(headers['content-length'] ?? 0);
    return { status, headers, frames: [], whole: rest.length >= length, text: rest.toString() };
  }
  const { body, whole } = partialBody(rest);
  const frames = body.toString('utf8').split('\n\n').slice(0, -1).flatMap((frame) => {
    const data = frame.split('\n').find((line) => line.startsWith('data: '));
    return data ? [JSON.parse(data.slice('data: '.length))] : [];
  });
  return { status, headers, frames, whole };
}

// Sends a request and reads until `budget` bytes came or the answer is whole.
export async function readAndDrop(port, bytes, { budget = Infinity, reset = false } = {}) {
  const connection = await RawConnection.open(port);
  try {
    connection.write(bytes);
    for (;;) {
      const seen = understand(connection.buffer.subarray(0, budget));
      if (seen.whole || connection.received >= budget || connection.ended) return seen;
      await connection.wait('more of the answer');
    }
  } finally {
    if (reset) connection.reset();
    else connection.close();
  }
}
