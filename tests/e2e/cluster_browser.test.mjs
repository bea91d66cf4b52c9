// Chromium behind nginx (deploy/nginx.conf) in front of three real nodes: its
// own EventSource survives the kill of the node that it was connected through.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { textOf } from '../support/mock_upstream.mjs';
import { temporaryFolder } from '../support/parley.mjs';
import { hangLimit, until, within } from '../support/wait.mjs';
import { get, newTag, post, say, startRoute, storedAnswer, textIn } from './lib/client.mjs';
import { checkFrames } from './lib/checks.mjs';
import { fixedPort, ownCluster } from './lib/cluster.mjs';

const executablePath = process.env.PARLEY_CHROMIUM ?? '/usr/bin/chromium';
const skip = process.env.PARLEY_E2E_NO_BROWSER ? 'PARLEY_E2E_NO_BROWSER is set' : false;
const shipped = fs.readFileSync(
  fileURLToPath(new URL('../../deploy/nginx.conf', import.meta.url)), 'utf8');
const nginx = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx']
  .find((name) => fs.existsSync(name)) ?? 'nginx';

// The shipped file, but for places and for how long a dead node is left alone.
async function startNginx(t, nodes) {
  const folder = temporaryFolder();
  const port = await fixedPort();
  let text = shipped
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace('listen [::]:8080;', '')
    .replaceAll('/tmp/nginx', `${folder}/nginx`)
    .replace('worker_processes auto', 'worker_processes 1')
    .replaceAll('fail_timeout=10s', 'fail_timeout=1s')
    .replace(/(worker_rlimit_nofile|worker_connections) \d+/g, '$1 512');
  nodes.forEach((node, i) => {
    text = text.replace(`node-${i + 1}:8080`, `127.0.0.1:${node.port}`);
  });
  const file = path.join(folder, 'nginx.conf');
  fs.writeFileSync(file, text);
  const child = spawn(nginx, ['-c', file, '-g', 'daemon off;'], { stdio: 'ignore' });
  const ended = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await within(ended, 'the end of nginx');
    fs.rmSync(folder, { recursive: true, force: true });
  });
  const front = { url: `http://127.0.0.1:${port}`, port };
  await until(() => get(front, '/healthz').then((a) => a.status === 200, () => false),
    'nginx serves');
  return front;
}

async function openPage(t, front) {
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--disable-dev-shm-usage'],
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(hangLimit);
  await page.goto(`${front.url}/version`);
  return page;
}

// Runs in the page: so many readers of one stream, each a native EventSource.
/* global window */
function watch([url, count]) {
  window.seen = Array.from({ length: count }, () => {
    const source = new window.EventSource(url);
    const seen = { frames: [], errors: 0, closed: false };
    source.onmessage = (event) => seen.frames.push(JSON.parse(event.data));
    source.onerror = () => {
      seen.errors += 1;
      seen.closed = source.readyState === window.EventSource.CLOSED;
    };
    return seen;
  });
}

async function readersOf(node) {
  const { text } = await get(node, '/metrics');
  return Number(/^parley_subscribers(?:\{.*\})? (\d+)/m.exec(text)[1]);
}

async function world(t) {
  const own = await ownCluster(t);
  // A node that comes back must be where nginx looks for it.
  for (const node of own.cluster.nodes) {
    node.terminate();
    await node.stopped();
    node.options['http.listen'] = `127.0.0.1:${await fixedPort()}`;
    await node.start();
  }
  await own.cluster.agreed();
  const front = await startNginx(t, own.cluster.nodes);
  return { ...own, front, page: await openPage(t, front) };
}

const numbered = (frames) => frames.filter((frame) => frame.type !== 'progress');

// Words up to the i-th are with every reader of the page.
function untilWord(page, i) {
  return page.waitForFunction((word) => window.seen.every((seen) => (
    seen.frames.map((frame) => frame.chunk ?? '').join('').includes(word))), `w${i} `);
}

test('a native EventSource survives the kill of the node it was connected through', { skip }, async (t) => {
  const { cluster, mock, a, b, c, front, page } = await world(t);
  const plan = { tag: newTag(), tokens: 12, gate: 3 };
  const { json: state } = await post(a, startRoute, say(plan));
  await page.evaluate(watch, [`${front.url}${startRoute}/${state.id}/events`, 3]);
  await untilWord(page, 2);
  // nginx gives each to the node that has least, so all three have one.
  await until(async () => (await Promise.all([b, c].map(readersOf))).every((n) => n > 0),
    'readers on the nodes that do not have the stream');
  let words = 3;
  for (const node of [b, c]) {
    await node.kill9();
    mock.release(plan.tag, 2);
    words += 2;
    await untilWord(page, words - 1);
    await node.start();
    await cluster.agreed();
  }
  mock.release(plan.tag);
  await page.waitForFunction(() => window.seen.every((seen) => seen.closed));
  const seen = await page.evaluate(() => window.seen);
  for (const { frames } of seen) {
    checkFrames(numbered(frames));
    assert.equal(textIn(frames), textOf(plan));
  }
  assert.ok(seen.some(({ errors }) => errors > 1), 'some were cut off');
  assert.equal(mock.calls(plan.tag), 1);
  const stored = await storedAnswer(c, {
    ids_: { conversation: state.conversation_id, message: state.message_id },
  });
  assert.equal(stored.content, textOf(plan));
});

test('a native EventSource survives a rolling restart of all nodes', { skip }, async (t) => {
  const { cluster, mock, a, b, c, front, page } = await world(t);
  const plan = { tag: newTag(), tokens: 6, gate: 4 };
  const { json: state } = await post(a, startRoute, say(plan));
  await page.evaluate(watch, [`${front.url}${startRoute}/${state.id}/events`, 3]);
  await untilWord(page, 3);
  for (const node of [b, c, a]) {
    if (node === a) mock.release(plan.tag);
    node.terminate();
    await node.stopped();
    await node.start();
    await cluster.agreed();
  }
  await page.waitForFunction(() => window.seen.every((seen) => seen.closed));
  const seen = await page.evaluate(() => window.seen);
  for (const { frames } of seen) {
    checkFrames(numbered(frames));
    assert.equal(textIn(frames), textOf(plan));
  }
  assert.equal(mock.calls(plan.tag), 1);
});
