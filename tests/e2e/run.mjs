// Runs the end-to-end tests:   node run.mjs [part of a file's name]…
//
// Tests that watch the clock of a flush or use much of the machine run one
// file at a time, the others side by side. Ends with one line that counts.

import fs from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

import { binary } from '../support/parley.mjs';

const folder = path.dirname(fileURLToPath(import.meta.url));
const alone = ['crash', 'churn', 'browser', 'third_party', 'cluster_browser', 'cluster_failure',
  'cluster_faults', 'cluster_partition'];
const concurrency = Number(process.env.PARLEY_E2E_CONCURRENCY ?? 2);
const testLimit = Number(process.env.PARLEY_E2E_TEST_LIMIT_MS ?? 600_000);

const wanted = process.argv.slice(2);
const files = fs.readdirSync(folder)
  .filter((name) => name.endsWith('.test.mjs'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();

if (!fs.existsSync(binary)) {
  console.error(`parley: no program at ${binary}; scripts/build makes it, PARLEY_BIN names another`);
  process.exit(1);
}
if (files.length === 0) {
  console.error(`parley: no test file is called like ${wanted.join(' or ')}`);
  process.exit(1);
}

const count = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

function tally(kind, event) {
  if (event.details?.type === 'suite') return;
  if (event.skip !== undefined && event.skip !== false) count.skipped += 1;
  else count[kind] += 1;
  if (kind === 'failed') failures.push(`${path.basename(event.file ?? '')}: ${event.name}`);
}

async function runFiles(names, side) {
  if (names.length === 0) return;
  const events = run({
    files: names.map((name) => path.join(folder, name)), concurrency: side, timeout: testLimit,
  });
  events.on('test:pass', (event) => tally('passed', event));
  events.on('test:fail', (event) => tally('failed', event));
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await new Promise((resolve) => { report.on('end', resolve); });
}

const isAlone = (name) => alone.some((part) => name.startsWith(part));
await runFiles(files.filter((name) => !isAlone(name)), concurrency);
await runFiles(files.filter(isAlone), 1);

if (failures.length > 0) console.log(`\nfailed:\n  ${failures.join('\n  ')}`);
const skipped = count.skipped ? `, ${count.skipped} skipped` : '';
console.log(`\n${count.passed} passed, ${count.failed} failed${skipped}`);
process.exit(count.failed === 0 && count.passed > 0 ? 0 : 1);
