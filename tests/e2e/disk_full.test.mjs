// API §5: a disk that is full. A message is refused before the 200, /readyz
// says so, what is stored stays readable, and all is well when there is room.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import { runToExit, temporaryFolder } from '../support/parley.mjs';
import { until } from '../support/wait.mjs';
import {
  answer, get, messageRoute, messagesOf, newTag, openStream, post, say, startRoute, streamRoute,
} from './lib/client.mjs';
import { checkFrames, checkGoodAnswer, checkProblem } from './lib/checks.mjs';
import { ownWorld } from './lib/setup.mjs';

// A file system of its own, 24 MB small; null where we may not mount.
function smallDisk(t) {
  const folder = temporaryFolder('parley-disk-');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]);
  if (mounted.status !== 0) {
    fs.rmdirSync(folder);
    return null;
  }
  t.after(() => {
    spawnSync('umount', ['-l', folder]);
    fs.rmdirSync(folder);
  });
  return folder;
}

function fill(folder) {
  const file = path.join(folder, 'filler');
  const descriptor = fs.openSync(file, 'w');
  for (const size of [1 << 16, 1 << 12, 1]) {
    try {
      for (;;) fs.writeSync(descriptor, Buffer.alloc(size));
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
  }
  fs.closeSync(descriptor);
  return file;
}

const refusedForStorage = (answered) => (
  answered.status === 503 && answered.json.code === 'storage_failed' && answered);

// A full disk shows when the store's own reserve is used up, so writes go on
// until the first is refused.
async function untilRefused(parley) {
  const message = 'm'.repeat(30_000);
  return until(async () => refusedForStorage(await post(parley, messageRoute, { message })),
    'a message is refused');
}

test('a full disk refuses messages before the 200, tells, and is recovered from', async (t) => {
  const disk = smallDisk(t);
  if (!disk) return t.skip('needs the right to mount a tmpfs');
  const { mock, parley } = await ownWorld(t, {}, { dataDir: path.join(disk, 'data') });
  const kept = await answer(parley, { tokens: 5 });
  const tag = newTag();
  const running = await openStream(parley, { tag, gate: 2, tokens: 6 });
  await running.untilText('w1 ');
  let filler = fill(disk);
  const refusal = await untilRefused(parley);
  checkProblem(refusal, 503, 'storage_failed');
  assert.match(refusal.headers['retry-after'], /^\d+$/);
  for (const route of [streamRoute, messageRoute, startRoute]) {
    checkProblem(await post(parley, route, say({ tokens: 1 })), 503, 'storage_failed');
  }
  checkProblem(await post(parley, '/api/v1/conversations', {}), 503, 'storage_failed');
  const ready = await get(parley, '/readyz');
  assert.equal(ready.status, 503);
  assert.equal((await get(parley, '/healthz')).status, 200);
  const [, stored] = await messagesOf(parley, kept.ids_.conversation);
  assert.equal(stored.content, kept.text, 'what was stored can be read');
  mock.release(tag);
  await running.end();
  checkFrames(running.frames);
  if (running.terminal.type === 'error') assert.equal(running.terminal.code, 'storage_failed');

  fs.rmSync(filler);
  await until(async () => (await get(parley, '/readyz')).status === 200, 'it is ready again');
  const again = await answer(parley, { tokens: 5 });
  checkGoodAnswer(again, textOf({ tokens: 5 }));

  // Nothing of it is lost by a crash right afterwards.
  await parley.kill9();
  await parley.start();
  const [, after] = await messagesOf(parley, again.ids_.conversation);
  assert.equal(after.content, again.text);
  assert.equal(after.status, 'complete');
  const [, old] = await messagesOf(parley, running.ids_.conversation);
  assert.notEqual(old.status, 'generating');
  filler = fill(disk);
  await untilRefused(parley);
  fs.rmSync(filler);
  await until(async () => (await get(parley, '/readyz')).status === 200, 'a second recovery');
  return undefined;
});

test('a read-only disk at the start is an error that names the folder', async (t) => {
  const disk = smallDisk(t);
  if (!disk) return t.skip('needs the right to mount a tmpfs');
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  const data = path.join(disk, 'data');
  const { code, stderr } = await runToExit([`--data-dir=${data}`, '--http.listen=127.0.0.1:0']);
  assert.ok(code > 0, `${code}`);
  assert.ok(stderr.includes(data), stderr);
  return undefined;
});
