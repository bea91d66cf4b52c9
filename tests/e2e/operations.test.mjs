// API §5, §6: what operators look at, how the program starts, and what it
// prints.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { runToExit, startParley, temporaryFolder } from '../support/parley.mjs';
import {
  answer, get, newTag, openStream, post, say, startRoute,
} from './lib/client.mjs';
import { checkGoodAnswer, checkProblem } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world();

test('healthz, readyz and version answer', async () => {
  assert.equal((await get(it.parley, '/healthz')).status, 200);
  assert.equal((await get(it.parley, '/readyz')).status, 200);
  const version = await get(it.parley, '/version');
  assert.equal(version.status, 200);
  assert.match(version.json.version, /^\d+\.\d+\.\d+/);
});

test('standard output holds the one promised line, logs go to standard error', async () => {
  await answer(it.parley, { tokens: 2 });
  assert.match(it.parley.stdout, /^parley: listening on http:\/\/127\.0\.0\.1:\d+\n$/);
});

// -- metrics --------------------------------------------------------------------------

// Prometheus' text format, strictly enough to catch what a scraper refuses.
function parseMetrics(text) {
  assert.ok(text.endsWith('\n'));
  const types = new Map();
  const samples = new Map();
  const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)(?: \d+)?$/;
  for (const line of text.split('\n').slice(0, -1)) {
    if (line === '') continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      assert.ok(!types.has(type[1]), `two TYPE lines for ${type[1]}`);
      types.set(type[1], type[2]);
    } else if (!line.startsWith('#')) {
      const match = sample.exec(line);
      assert.ok(match, `not a sample: ${line}`);
      assert.ok(/^[+-]?Inf$|^NaN$/.test(match[3]) || Number.isFinite(Number(match[3])), line);
      const key = match[1] + (match[2] ?? '');
      assert.ok(!samples.has(key), `twice: ${key}`);
      samples.set(key, Number(match[3].replace('Inf', 'Infinity')));
      const base = match[1].replace(/_(bucket|sum|count|total)$/, '');
      assert.ok(types.has(match[1]) || types.has(base), `no TYPE before ${match[1]}`);
    }
  }
  return { types, samples };
}

test('the metrics are well formed, and count what happens', async () => {
  const tag = newTag();
  const open = await openStream(it.parley, { tag, gate: 1, tokens: 2 });
  await open.untilText('w0 ');
  const answered = await get(it.parley, '/metrics');
  assert.equal(answered.status, 200);
  assert.match(answered.headers['content-type'], /^text\/plain/);
  const during = parseMetrics(answered.text);
  const ours = [...during.types.keys()].filter((name) => name.startsWith('parley'));
  assert.ok(ours.length >= 5, `metrics of our own: ${ours}`);
  it.mock.release(tag);
  await open.end();
  const after = parseMetrics((await get(it.parley, '/metrics')).text);
  const changed = [...after.samples].filter(([key, value]) => (
    key.startsWith('parley') && value !== during.samples.get(key)));
  assert.ok(changed.length > 0, 'a finished stream shows');
  for (const [name, type] of after.types) {
    if (type !== 'histogram') continue;
    const series = [...after.samples].filter(([key]) => key.startsWith(`${name}_bucket{`));
    assert.ok(series.length > 0 && series.some(([key]) => key.includes('le="+Inf"')), name);
  }
  assert.ok([...after.types.keys()].some((name) => /first_token/.test(name)),
    'time to first token is measured');
});

test('openapi.json is valid JSON that lists every route', async () => {
  const answered = await get(it.parley, '/openapi.json');
  assert.equal(answered.status, 200);
  assert.match(answered.headers['content-type'], /^application\/(.+\+)?json/);
  const { openapi, info, paths } = answered.json;
  assert.match(openapi, /^3\./);
  assert.ok(info.title && info.version);
  const known = Object.fromEntries(Object.entries(paths)
    .map(([key, value]) => [key.replace(/\{[^}]+\}/g, '{}'), Object.keys(value)]));
  const expected = {
    '/api/v1/chat/message/stream': ['post'],
    '/api/v1/chat/message': ['post'],
    '/api/v1/chat/streams': ['post'],
    '/api/v1/chat/streams/{}': ['get'],
    '/api/v1/chat/streams/{}/events': ['get'],
    '/api/v1/chat/streams/{}/cancel': ['post'],
    '/api/v1/conversations': ['get', 'post'],
    '/api/v1/conversations/{}': ['get', 'patch', 'delete'],
    '/api/v1/conversations/{}/messages': ['get'],
    '/api/v1/conversations/{}/export': ['get'],
    '/api/v1/conversations/import': ['post'],
    '/healthz': ['get'],
    '/readyz': ['get'],
    '/metrics': ['get'],
    '/version': ['get'],
    '/openapi.json': ['get'],
  };
  for (const [route, methods] of Object.entries(expected)) {
    assert.ok(known[route], `${route} is listed`);
    for (const method of methods) assert.ok(known[route].includes(method), `${method} ${route}`);
  }
});

// -- logs -----------------------------------------------------------------------------

test('JSON logs are one object a line and hold no message text', async (t) => {
  const { parley } = await ownWorld(t, { 'log.format': 'json', 'log.level': 'debug' });
  const secret = 'kolibri-tagebuch-7731';
  const reader = await answer(parley, `please keep ${secret} to yourself`);
  await answer(parley, { text: `the answer holds ${secret} too`, fault: 'cut' });
  await get(parley, '/nope');
  parley.terminate();
  await parley.stopped();
  const lines = parley.stderr.trim().split('\n');
  assert.ok(lines.length > 2, 'something is logged');
  for (const line of lines) assert.equal(typeof JSON.parse(line), 'object', line);
  assert.ok(!parley.stderr.includes(secret), 'no message text in the logs');
  assert.ok(parley.stderr.includes(reader.ids_.stream), 'ids are fields');
});

// -- starting -------------------------------------------------------------------------

test('--help lists every promised option and ends with 0', async () => {
  const { code, stdout } = await runToExit(['--help']);
  assert.equal(code, 0);
  for (const name of ['config-file', 'data-dir', 'http.listen', 'llm.base-url', 'llm.model',
    'llm.api-key-file', 'llm.connect-timeout', 'llm.first-token-timeout', 'llm.idle-timeout',
    'llm.total-timeout', 'limits.max-message-chars', 'limits.max-response-chars',
    'limits.max-body-bytes', 'limits.max-completion-chars', 'http.header-timeout',
    'http.body-timeout', 'http.cors.origins', 'sse.heartbeat', 'sse.write-timeout',
    'streams.retention', 'streams.flush-interval', 'streams.on-disconnect', 'streams.cancel-after',
    'idempotency.ttl', 'shutdown.grace', 'storage.durability', 'node.name', 'cluster.listen',
    'cluster.advertise', 'cluster.seeds']) {
    assert.ok(stdout.includes(name), name);
  }
});

test('a wrong option is an error that helps, and the exit code says so', async () => {
  const cases = [
    [['--http.lisen=127.0.0.1:0'], /http\.listen/],
    [['--sse.heartbeat=soon'], /sse\.heartbeat/],
    [['--limits.max-response-chars=10000001'], /limits\.max-response-chars/],
    [['--storage.durability=sometimes'], /storage\.durability/],
    [['--config-file=/nowhere/parley.toml'], /nowhere/],
    [['surprise'], /surprise/],
  ];
  for (const [args, said] of cases) {
    const { code, signal, stdout, stderr } = await runToExit(args);
    assert.ok(signal === null && code !== 0, `${args}: ${code} ${signal}`);
    assert.match(stderr, said);
    assert.equal(stdout, '');
  }
  const env = await runToExit([], { env: { PARLEY_SSE_HEARTBEAT: 'soon' } });
  assert.notEqual(env.code, 0);
  assert.match(env.stderr, /PARLEY_SSE_HEARTBEAT|sse\.heartbeat/);
});

test('the command line wins over the environment, the environment over the file', async (t) => {
  const folder = temporaryFolder();
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'parley.toml');
  fs.writeFileSync(file, '[limits]\nmax-message-chars = 11\nmax-response-chars = 22\n'
    + 'max-body-bytes = 33333\n[http.cors]\norigins = ["https://a.example", "https://b.example"]\n');
  const { code, stdout } = await runToExit(
    ['--config-dump', `--config-file=${file}`, '--limits.max-message-chars=15'],
    { env: { PARLEY_LIMITS_MAX_MESSAGE_CHARS: '13', PARLEY_LIMITS_MAX_RESPONSE_CHARS: '24',
      PARLEY_LLM_API_KEY: 'sk-secret' } },
  );
  assert.equal(code, 0);
  assert.match(stdout, /max-message-chars\s*=\s*15/);
  assert.match(stdout, /max-response-chars\s*=\s*24/);
  assert.match(stdout, /max-body-bytes\s*=\s*"?33333"?\b/);
  assert.match(stdout, /https:\/\/b\.example/);
  assert.ok(!stdout.includes('sk-secret'), 'secrets are masked');
});

test('a data folder belongs to one process', async (t) => {
  const { parley } = await ownWorld(t);
  const second = await runToExit([`--data-dir=${parley.dataDir}`, '--http.listen=127.0.0.1:0']);
  assert.ok(second.code > 0, `${second.code}`);
  assert.ok(second.stderr.includes(parley.dataDir), second.stderr);
  assert.equal((await get(parley, '/readyz')).status, 200);
});

test('a port in use is an error that names it', async () => {
  const folder = temporaryFolder();
  const second = await runToExit([`--data-dir=${folder}`, `--http.listen=127.0.0.1:${it.parley.port}`]);
  fs.rmSync(folder, { recursive: true, force: true });
  assert.ok(second.code > 0);
  assert.ok(second.stderr.includes(`${it.parley.port}`), second.stderr);
});

test('with nothing configured the built-in model answers, and data go to ./parley-data', async (t) => {
  const cwd = temporaryFolder();
  t.after(() => fs.rmSync(cwd, { recursive: true }));
  const parley = await startParley({
    cwd, options: { 'data-dir': null, 'eliza.word-delay': '1ms' },
  });
  t.after(() => parley.dispose());
  assert.ok(fs.existsSync(path.join(cwd, 'parley-data')));
  const first = await answer(parley, 'I am worried about my mother.');
  checkGoodAnswer(first, first.text);
  assert.ok(first.text.length > 0);
  assert.match(first.start.model, /eliza/);
  const { conversation } = first.ids_;
  const second = await answer(parley, 'You never listen to me.',
    { fields: { conversation_id: conversation } });
  checkGoodAnswer(second, second.text);
  assert.ok(second.of('content').length > 1, 'word by word');
});

test('the list of models is the upstream\'s', async () => {
  const answered = await get(it.parley, '/v1/models');
  if (answered.status === 404) return; // OpenAI's dialect has an issue of its own
  assert.deepEqual(answered.json.data.map((m) => m.id).sort(), ['mock', 'mock-small']);
});

test('above limits.max-streams a message is refused with Retry-After, and taken later', async (t) => {
  const { mock, parley } = await ownWorld(t, { 'limits.max-streams': 2 });
  const tag = newTag();
  const open = await Promise.all([1, 2].map(() => openStream(parley, { tag, gate: 1, tokens: 2 })));
  const refused = await post(parley, '/api/v1/chat/message', say({ tokens: 1 }));
  checkProblem(refused, 503, 'overloaded');
  assert.match(refused.headers['retry-after'], /^\d+$/);
  assert.equal((await get(parley, '/api/v1/conversations')).json.data.length, 2);
  mock.release(tag);
  for (const reader of open) await reader.end();
  checkGoodAnswer(await answer(parley, { tokens: 1 }), 'w0 ');
});

test('streams run on one loop as on many', async (t) => {
  for (const threads of [1, 4]) {
    const { parley } = await ownWorld(t, { 'runtime.threads': threads });
    const plans = Array.from({ length: 30 }, (_, i) => ({ tokens: 50, seed: i * 100, delay_ms: 1 }));
    const readers = await Promise.all(plans.map((plan) => answer(parley, plan)));
    readers.forEach((reader, i) => checkGoodAnswer(reader, textOf(plans[i])));
    assert.equal((await get(parley, `${startRoute}/${readers[0].ids_.stream}`)).status, 200);
  }
});
