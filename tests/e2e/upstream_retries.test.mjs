// API §1, §7: before the first token a retryable failure is retried, and told
// with progress frames; after it never. Connections, keys and TLS upstream.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { textOf, startMock } from '../support/mock_upstream.mjs';
import { startParley, temporaryFolder } from '../support/parley.mjs';
import { answer, newTag, openStream, storedAnswer } from './lib/client.mjs';
import { checkFrames, checkGoodAnswer } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const quick = { 'llm.retry-base-delay': '2ms', 'llm.retry-max-delay': '10ms' };
const it = world({ ...quick, 'llm.max-attempts': 4 });

test('each retryable failure before the first token is retried until it goes well', async () => {
  for (const fault of ['500', '502', '503', '429', '408', 'cut_before_head',
    'close_before_head']) {
    const tag = newTag();
    const reader = await answer(it.parley, { tag, fault, times: 3, tokens: 5 });
    checkGoodAnswer(reader, textOf({ tokens: 5 }));
    assert.equal(it.mock.calls(tag), 4, fault);
    const attempts = reader.of('progress').filter((f) => f.stage === 'retrying')
      .map((f) => f.attempt);
    // Also where it was a kept connection that died: nothing is sent twice silently.
    assert.deepEqual(attempts, [2, 3, 4], `${fault}: a progress frame for each attempt`);
    assert.equal((await storedAnswer(it.parley, reader)).status, 'complete');
  }
});

test('a stream that is cut after its head but before a token is retried', async () => {
  for (const fault of ['cut', 'no_finish', 'error_in_stream']) {
    const tag = newTag();
    const reader = await answer(it.parley, { tag, fault, at: 0, times: 1, tokens: 5 });
    if (fault === 'cut') {
      checkGoodAnswer(reader, textOf({ tokens: 5 }));
      assert.equal(it.mock.calls(tag), 2);
    } else {
      checkFrames(reader.frames);
    }
  }
});

test('the same request goes upstream each time', async () => {
  const tag = newTag();
  await answer(it.parley, { tag, fault: '503', times: 2, tokens: 1 },
    { fields: { temperature: 0.5, system_prompt: 'Same.' } });
  const [first, ...others] = it.mock.of(tag).map((record) => record.body);
  for (const other of others) assert.deepEqual(other, first);
});

test('a failure after the first token is never retried', async () => {
  for (const fault of ['cut', 'error_in_stream', 'no_finish', 'garbage']) {
    const tag = newTag();
    const reader = await answer(it.parley, { tag, fault, at: 1, times: 1 });
    assert.equal(reader.terminal.type, 'error');
    assert.equal(reader.text, textOf({ tokens: 1 }));
    assert.equal(it.mock.calls(tag), 1, fault);
  }
});

test('Retry-After is waited for', async () => {
  const tag = newTag();
  const reader = await answer(it.parley, { tag, fault: '429', times: 1, retry_after: 1, tokens: 2 });
  checkGoodAnswer(reader, textOf({ tokens: 2 }));
  const [first, second] = it.mock.of(tag);
  // A lower bound holds on the slowest machine.
  assert.ok(second.opened_at - first.opened_at >= 990, 'a second passed between the attempts');
});

test('a Retry-After beyond the budget is not waited for', async (t) => {
  const { parley, mock } = await ownWorld(t, { ...quick, 'llm.retry-budget': '2s' });
  const tag = newTag();
  const reader = await answer(parley, { tag, fault: '429', retry_after: 3600 });
  assert.equal(reader.terminal.code, 'upstream_rate_limited');
  assert.equal(mock.calls(tag), 1);
});

test('pings go on while a retry waits', async (t) => {
  const { parley } = await ownWorld(t, { ...quick, 'sse.heartbeat': '50ms' });
  const reader = await openStream(parley, { fault: '503', times: 1, retry_after: 1, tokens: 2 });
  await reader.until((r) => r.of('progress').some((f) => f.stage === 'retrying'), 'a retry');
  await reader.end();
  assert.ok(reader.comments >= 3, `${reader.comments} pings`);
  checkGoodAnswer(reader, textOf({ tokens: 2 }));
});

test('when a model fails, the next of llm.fallback-models answers', async (t) => {
  const { parley, mock } = await ownWorld(t, {
    ...quick, 'llm.model': 'mock-500', 'llm.fallback-models': 'mock-503,mock-small',
  });
  const reader = await answer(parley, 'hello');
  checkGoodAnswer(reader, textOf({}));
  assert.deepEqual([...new Set(mock.requests.map((r) => r.model))],
    ['mock-500', 'mock-503', 'mock-small']);
});

test('without llm.model the upstream\'s first model is the default', async (t) => {
  const { parley, mock } = await ownWorld(t, { 'llm.model': null });
  const reader = await answer(parley, 'hello');
  checkGoodAnswer(reader, textOf({}));
  assert.equal(reader.start.model, 'mock');
  assert.equal(mock.requests[0].model, 'mock');
});

// -- connections and keys -----------------------------------------------------------

test('connections to the upstream are kept alive and used again', async (t) => {
  const { parley, mock } = await ownWorld(t, { 'runtime.threads': 1 });
  for (let i = 0; i < 10; i += 1) await answer(parley, { tokens: 2 });
  assert.equal(mock.requests.length, 10);
  assert.ok(mock.connections <= 3, `${mock.connections} connections for ten answers`);
});

test('a kept connection that the upstream closed costs nothing', async (t) => {
  const { parley, mock } = await ownWorld(t, { 'runtime.threads': 1, 'llm.max-attempts': 1 });
  for (let i = 0; i < 5; i += 1) {
    checkGoodAnswer(await answer(parley, { tokens: 2 }), textOf({ tokens: 2 }));
    for (const socket of mock.open) socket.resetAndDestroy();
  }
});

test('the API key comes from the environment or a file, and is in no log', async (t) => {
  const folder = temporaryFolder();
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'key');
  fs.writeFileSync(file, 'sk-from-the-file\n', { mode: 0o600 });
  const cases = [
    [{ env: { PARLEY_LLM_API_KEY: 'sk-from-the-env' } }, {}, 'sk-from-the-env'],
    [{}, { 'llm.api-key-file': file }, 'sk-from-the-file'],
  ];
  for (const [how, options, key] of cases) {
    const { parley, mock } = await ownWorld(t, { 'log.level': 'trace', ...options }, how);
    const tag = newTag();
    await answer(parley, { tag, tokens: 2 });
    assert.equal(mock.last(tag).headers.authorization, `Bearer ${key}`);
    await answer(parley, { fault: '401', message: `bad key ${key}` });
    parley.terminate();
    assert.deepEqual(await parley.stopped(), { code: 0, signal: null });
    assert.ok(!parley.stderr.includes(key), 'the key is in no log');
    assert.ok(!parley.stdout.includes(key));
  }
  const { parley, mock } = await ownWorld(t);
  await answer(parley, { tokens: 1 });
  assert.equal(mock.requests[0].headers.authorization, undefined);
});

// -- TLS ----------------------------------------------------------------------------

function certificates(folder) {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem',
    '-subj', '/CN=Test CA', '-days', '30', '-addext', 'basicConstraints=critical,CA:TRUE');
  const issue = (name, alternative) => {
    fs.writeFileSync(path.join(folder, `${name}.ext`), `subjectAltName=${alternative}\n`);
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out',
      `${name}.csr`, '-subj', `/CN=${name}`);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key',
      '-CAcreateserial', '-out', `${name}.pem`, '-days', '30', '-extfile', `${name}.ext`);
    const read = (file) => fs.readFileSync(path.join(folder, file));
    return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
  };
  return {
    ca: path.join(folder, 'ca.pem'),
    good: issue('good', 'IP:127.0.0.1,DNS:localhost'),
    other: issue('other', 'DNS:another.test'),
  };
}

test('an HTTPS upstream is used when its certificate and name are right, else not', async (t) => {
  const folder = temporaryFolder();
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const { ca, good, other } = certificates(folder);
  const cases = [
    ['the right certificate', good, { 'llm.tls-ca-file': ca }, null],
    ['another name', other, { 'llm.tls-ca-file': ca }, 'upstream_unreachable'],
    ['an unknown authority', good, {}, 'upstream_unreachable'],
    ['a plain server', null, { 'llm.tls-ca-file': ca }, 'upstream_unreachable'],
  ];
  for (const [what, tls, options, code] of cases) {
    const mock = await startMock({ tls });
    t.after(() => mock.close());
    const parley = await startParley({
      mock,
      options: {
        ...quick, 'llm.max-attempts': 1, ...options,
        'llm.base-url': `https://127.0.0.1:${mock.port}/v1`,
      },
    });
    t.after(() => parley.dispose());
    const reader = await answer(parley, { tokens: 30, unicode: true });
    if (code) {
      assert.equal(reader.terminal.code, code, what);
      assert.equal(mock.requests.length, 0, `${what}: nothing was sent`);
    } else {
      checkGoodAnswer(reader, textOf({ tokens: 30, unicode: true }));
    }
  }
});
