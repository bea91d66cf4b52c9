// What must hold of every answer, whatever it says.

import assert from 'node:assert/strict';

export const idPattern = {
  conversation: /^conv_[A-Za-z0-9_-]+$/,
  message: /^msg_[A-Za-z0-9_-]+$/,
  stream: /^strm_[A-Za-z0-9_-]+$/,
};

export const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const fieldsOf = {
  start: ['type', 'seq', 'stream_id', 'conversation_id', 'user_message_id', 'message_id', 'model'],
  content: ['chunk', 'type', 'seq'],
  reasoning: ['chunk', 'type', 'seq'],
  tool_call: ['type', 'seq', 'index', 'id', 'name', 'arguments'],
  progress: ['type', 'stage', 'attempt'],
  reset: ['type', 'seq', 'reason'],
  error: ['error', 'type', 'code', 'retryable', 'seq'],
  done: ['type', 'seq', 'finish_reason', 'message_id', 'usage'],
};

const stages = ['queued', 'connecting', 'waiting', 'retrying', 'recovering'];
const reasons = ['stop', 'length', 'cancelled', 'tool_calls', 'content_filter'];

const isTerminal = (frame) => frame.type === 'done' || frame.type === 'error';

function checkFrame(frame) {
  const shown = JSON.stringify(frame).slice(0, 300);
  const fields = fieldsOf[frame.type];
  assert.ok(fields, `an unknown type of frame: ${shown}`);
  const got = Object.keys(frame);
  if (frame.type === 'tool_call') {
    for (const key of got) assert.ok(fields.includes(key), `a field '${key}' in ${shown}`);
  } else {
    assert.deepEqual(got, fields, `fields and their order in ${shown}`);
  }
  if (frame.type === 'progress') {
    assert.ok(stages.includes(frame.stage), shown);
    assert.ok(Number.isInteger(frame.attempt) && frame.attempt >= 1, shown);
    return;
  }
  assert.ok(Number.isSafeInteger(frame.seq) && frame.seq >= 1, `seq in ${shown}`);
  if ('chunk' in frame) {
    assert.equal(typeof frame.chunk, 'string');
    assert.notEqual(frame.chunk, '', 'an empty chunk');
    assert.ok(frame.chunk.isWellFormed(), `half a character in ${shown}`);
  }
  if (frame.type === 'error') {
    assert.equal(typeof frame.error, 'string');
    assert.match(frame.code, /^[a-z_]+$/);
    assert.equal(typeof frame.retryable, 'boolean');
  }
  if (frame.type === 'done') {
    assert.ok(reasons.includes(frame.finish_reason), shown);
    const { prompt_tokens, completion_tokens, total_tokens, source } = frame.usage;
    for (const count of [prompt_tokens, completion_tokens, total_tokens]) {
      assert.ok(Number.isInteger(count) && count >= 0, shown);
    }
    assert.equal(total_tokens, prompt_tokens + completion_tokens);
    assert.ok(['provider', 'estimated'].includes(source), shown);
  }
}

// `after`: the seq that the reader had seen before. `complete`: the response
// must end with a terminal frame.
export function checkFrames(frames, { after = 0, complete = true } = {}) {
  let last = after;
  frames.forEach((frame, i) => {
    checkFrame(frame);
    if (frame.type === 'start') {
      assert.equal(i, 0, 'start is the first frame of all');
      assert.equal(frame.seq, 1);
      assert.equal(after, 0, 'start comes once');
    }
    if (frame.type === 'progress') return;
    assert.ok(frame.seq > last, `seq rises: ${last} then ${JSON.stringify(frame).slice(0, 200)}`);
    last = frame.seq;
    if (isTerminal(frame)) assert.equal(i, frames.length - 1, 'nothing follows a terminal frame');
  });
  if (after === 0 && frames.length > 0) assert.equal(frames[0].type, 'start', 'start comes first');
  if (complete) assert.ok(frames.length && isTerminal(frames.at(-1)), 'a terminal frame is last');
}

function framesOfText(text) {
  assert.ok(text === '' || text.endsWith('\n\n'), `an unfinished frame: ${text.slice(-200)}`);
  return text.split('\n\n').slice(0, -1);
}

function strictText(raw) {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(raw);
  assert.ok(!text.includes('\r'), 'lines end in LF');
  return text;
}

// The POST's body: `data: {json}` frames and `: ping` comments, nothing else.
export function checkPostBody(raw) {
  for (const frame of framesOfText(strictText(raw))) {
    if (frame === ': ping') continue;
    assert.match(frame, /^data: \{[^\n]*\}$/, 'a frame is one line of data');
    JSON.parse(frame.slice('data: '.length));
  }
}

// The events route's body: `retry: 1000` once, then each frame with its id
// after its data; transient frames have none.
export function checkEventsBody(raw) {
  const frames = framesOfText(strictText(raw));
  assert.equal(frames.shift(), 'retry: 1000');
  for (const frame of frames) {
    if (frame === ': ping') continue;
    const lines = frame.split('\n');
    assert.match(lines[0], /^data: \{[^\n]*\}$/);
    const data = JSON.parse(lines[0].slice('data: '.length));
    const expected = data.type === 'progress' ? [] : [`id: ${data.seq}`];
    assert.deepEqual(lines.slice(1), expected, `the lines after ${lines[0].slice(0, 200)}`);
  }
}

const header = (answered, name) => (
  answered.headers.get ? answered.headers.get(name) : answered.headers[name]);

// RFC 9457, with our two members. `answered` from call() or exchange().
export function checkProblem(answered, status, code = null) {
  const shown = `${answered.status} ${answered.text?.slice(0, 400)}`;
  assert.equal(answered.status, status, shown);
  assert.match(header(answered, 'content-type') ?? 'none', /^application\/problem\+json/, shown);
  const problem = JSON.parse(answered.text);
  for (const member of ['type', 'title', 'detail', 'code', 'request_id']) {
    assert.equal(typeof problem[member], 'string', `${member} in ${shown}`);
    assert.notEqual(problem[member], '', `${member} in ${shown}`);
  }
  assert.equal(problem.status, status);
  if (code) assert.equal(problem.code, code, shown);
  const requestId = header(answered, 'x-request-id');
  if (requestId) assert.equal(requestId, problem.request_id);
  return problem;
}

// Start, text, end: what most tests expect of a good answer.
export function checkGoodAnswer(reader, text, { reason = 'stop' } = {}) {
  checkPostBody(reader.raw);
  checkFrames(reader.frames);
  assert.equal(reader.text, text);
  assert.equal(reader.terminal.type, 'done', JSON.stringify(reader.terminal));
  assert.equal(reader.terminal.finish_reason, reason);
}
