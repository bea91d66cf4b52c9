// API §1, §7: whatever the upstream does, the client gets exactly one terminal
// frame that says what happened, and what had arrived is kept.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { startParley } from '../support/parley.mjs';
import { until } from '../support/wait.mjs';
import {
  answer, get, join, newTag, storedAnswer, streamState,
} from './lib/client.mjs';
import {
  checkFrames, checkGoodAnswer, checkPostBody,
} from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const quickRetries = { 'llm.retry-base-delay': '2ms', 'llm.retry-max-delay': '10ms' };
const it = world({ ...quickRetries, 'llm.max-attempts': 2 });

// What a failure must leave, everywhere.
async function checkFailure(parley, reader, code, text) {
  checkPostBody(reader.raw);
  checkFrames(reader.frames);
  assert.equal(reader.terminal.type, 'error', JSON.stringify(reader.terminal));
  assert.equal(reader.terminal.code, code, JSON.stringify(reader.terminal));
  assert.equal(reader.text, text);
  const stored = await storedAnswer(parley, reader);
  assert.equal(stored.status, 'failed');
  assert.equal(stored.content, text);
  const state = await streamState(parley, reader.ids_.stream);
  assert.equal(state.status, 'failed');
  assert.equal(state.last_seq, reader.terminal.seq);
  const replay = await (await join(parley, reader.ids_.stream)).end();
  checkFrames(replay.frames);
  assert.equal(replay.text, text);
  assert.deepEqual(replay.terminal, reader.terminal);
  const conversation_id = reader.ids_.conversation;
  const next = await answer(parley, { tokens: 2 }, { fields: { conversation_id } });
  checkGoodAnswer(next, textOf({ tokens: 2 }));
}

const said = textOf({ tokens: 3 });

// fault, code, text, retried before the first token
const table = [
  ['500', 'upstream_failed', '', true],
  ['503', 'upstream_failed', '', true],
  ['599', 'upstream_failed', '', true],
  ['429', 'upstream_rate_limited', '', true],
  ['400', 'upstream_rejected', '', false],
  ['401', 'upstream_rejected', '', false],
  ['403', 'upstream_rejected', '', false],
  ['404', 'upstream_rejected', '', false],
  ['408', 'upstream_rejected', '', true],
  ['413', 'upstream_rejected', '', false],
  ['422', 'upstream_rejected', '', false],
  ['redirect', 'upstream_rejected', '', false],
  ['cut_before_head', 'upstream_interrupted', '', true],
  ['close_before_head', 'upstream_interrupted', '', true],
  ['garbage_http', 'upstream_protocol', '', null],
  ['html', 'upstream_protocol', '', null],
  ['huge_headers', 'upstream_protocol', '', null],
  ['cut', 'upstream_interrupted', said, false],
  ['cut_mid_frame', 'upstream_interrupted', said, false],
  ['no_finish', 'upstream_interrupted', said, false],
  ['garbage', 'upstream_protocol', said, false],
  ['bad_chunk', 'upstream_protocol', said, false],
  ['endless_line', 'upstream_protocol', said, false],
  ['error_in_stream', 'upstream_failed', said, false],
];

for (const [fault, code, text, retried] of table) {
  const when = text ? 'after three tokens' : 'before the first token';
  test(`the upstream's ${fault} ${when} ends with ${code}`, async () => {
    const tag = newTag();
    const reader = await answer(it.parley, { tag, fault });
    await checkFailure(it.parley, reader, code, text);
    const calls = it.mock.calls(tag);
    if (retried) assert.equal(calls, 2);
    else if (retried === false) assert.equal(calls, 1);
  });
}

test('whether a retry can help is told with the error', async () => {
  for (const [fault, retryable] of [['503', true], ['429', true], ['408', true], ['cut_before_head', true],
    ['400', false], ['401', false], ['redirect', false]]) {
    const reader = await answer(it.parley, { fault });
    assert.equal(reader.terminal.retryable, retryable, fault);
  }
});

test('an end without finish_reason is told from a good one at every place', async () => {
  for (const at of [0, 1, 19, 20]) {
    const reader = await answer(it.parley, { fault: 'no_finish', at, tokens: 20 });
    await checkFailure(it.parley, reader, 'upstream_interrupted', textOf({ tokens: at }));
  }
});

test('bytes that are no text never reach a client as such', async () => {
  for (const fault of ['bad_utf8', 'lone_surrogate']) {
    const reader = await answer(it.parley, { fault, tokens: 6 });
    checkPostBody(reader.raw);
    checkFrames(reader.frames);
    assert.ok(reader.text.startsWith(said));
    const stored = await storedAnswer(it.parley, reader);
    assert.equal(stored.content, reader.text);
    assert.ok(['complete', 'failed'].includes(stored.status));
  }
});

test('an error text of the upstream does not carry secrets or break a frame', async () => {
  const message = 'first line\n\ndata: {"type":"done"}\r\n\u2028 "quoted" \\ 🙂';
  for (const fault of ['400', 'error_in_stream']) {
    const reader = await answer(it.parley, { fault, message });
    checkPostBody(reader.raw);
    checkFrames(reader.frames);
    assert.equal(reader.terminal.type, 'error');
  }
});

test('an upstream that is not there is upstream_unreachable', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  const parley = await startParley({
    options: {
      ...quickRetries, 'llm.base-url': `http://127.0.0.1:${port}/v1`, 'llm.model': 'mock',
    },
  });
  t.after(() => parley.dispose());
  const reader = await answer(parley, 'hello');
  checkFrames(reader.frames);
  assert.equal(reader.terminal.code, 'upstream_unreachable');
  assert.equal(reader.terminal.retryable, true);
  assert.ok(reader.of('progress').some((frame) => frame.stage === 'retrying'));
  assert.equal((await storedAnswer(parley, reader)).status, 'failed');
});

test('a host name that does not exist is upstream_unreachable', async (t) => {
  const parley = await startParley({
    options: {
      ...quickRetries, 'llm.base-url': 'http://no-such-host.invalid/v1', 'llm.model': 'mock',
      'llm.max-attempts': 1,
    },
  });
  t.after(() => parley.dispose());
  const reader = await answer(parley, 'hello');
  assert.equal(reader.terminal.code, 'upstream_unreachable');
});

test('a connect that is never answered is upstream_timeout', async (t) => {
  // A stopped process with a full accept queue: the kernel drops further SYNs.
  const child = spawn(process.execPath, ['-e', `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      console.log(server.address().port);
    });`], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const port = Number((await once(child.stdout, 'data')).toString());
  child.kill('SIGSTOP');
  const fillers = [];
  t.after(() => fillers.forEach((socket) => socket.destroy()));
  await until(async () => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    fillers.push(socket);
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise((resolve) => setTimeout(resolve, 300, false)),
    ]);
    return !connected;
  }, 'the accept queue is full');
  const parley = await startParley({
    options: {
      'llm.base-url': `http://127.0.0.1:${port}/v1`,
      'llm.model': 'mock',
      'llm.connect-timeout': '200ms',
      'llm.max-attempts': 1,
    },
  });
  t.after(() => parley.dispose());
  const reader = await answer(parley, 'hello');
  assert.equal(reader.terminal.code, 'upstream_timeout', JSON.stringify(reader.terminal));
});

test('each time-out of the upstream ends the answer and closes the connection', async (t) => {
  const cases = [
    ['llm.first-token-timeout', { fault: 'hang' }, ''],
    ['llm.first-token-timeout', { fault: 'stall_after', at: 0 }, ''],
    ['llm.first-token-timeout', { fault: 'slow_headers', delay_ms: 20 }, ''],
    ['llm.idle-timeout', { fault: 'stall_after', at: 3 }, said],
    ['llm.total-timeout', { fault: 'trickle', at: 3, delay_ms: 20 }, null],
  ];
  for (const [option, plan, text] of cases) {
    const { mock, parley } = await ownWorld(t, { [option]: '200ms', 'llm.max-attempts': 1 });
    const tag = newTag();
    const reader = await answer(parley, { tag, ...plan });
    assert.equal(reader.terminal.code, 'upstream_timeout', option);
    await checkFailure(parley, reader, 'upstream_timeout', text ?? reader.text);
    await until(() => mock.last(tag).state === 'client_closed', `${option} closes upstream`);
    await parley.dispose();
  }
});

test('an upstream that trickles below the wanted pace is ended', async (t) => {
  const { parley, mock } = await ownWorld(t, {
    'llm.min-chars-per-second': 1000, 'llm.min-chars-window': '300ms',
  });
  const tag = newTag();
  const reader = await answer(parley, { tag, fault: 'trickle', delay_ms: 20 });
  checkFrames(reader.frames);
  assert.equal(reader.terminal.type, 'error');
  assert.match(reader.terminal.code, /^upstream_/);
  await until(() => mock.last(tag).state === 'client_closed', 'the upstream is closed');
});

test('a failing model list does not stop an answer whose model is known', async (t) => {
  const { parley, mock } = await ownWorld(t);
  mock.failing_models = 500;
  checkGoodAnswer(await answer(parley, { tokens: 3 }), textOf({ tokens: 3 }));
  assert.equal((await get(parley, '/healthz')).status, 200);
});
