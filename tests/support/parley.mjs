// Starts the real binary and watches it.
//
// Each process gets a data folder of its own, a port chosen by the system and
// an environment with nothing of the caller's but what a process needs.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { pause, until, within } from './wait.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const binary = path.resolve(process.env.PARLEY_BIN ?? path.join(root, 'build/parley'));

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function environment(extra) {
  const env = {};
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'ASAN_OPTIONS', 'UBSAN_OPTIONS',
    'TSAN_OPTIONS', 'LD_LIBRARY_PATH'];
  for (const name of kept) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  return { ...env, ...extra };
}

export function temporaryFolder(name = 'parley-e2e-') {
  return fs.mkdtempSync(path.join(os.tmpdir(), name));
}

// Runs the binary to its end: for --help and wrong options.
export async function runToExit(args, { env = {} } = {}) {
  const child = spawn(binary, args, { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part) => { stdout += part; });
  child.stderr.on('data', (part) => { stderr += part; });
  try {
    const [code, signal] = await within(new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...how) => resolve(how));
    }), `the end of parley ${args.join(' ')}`);
    return { code, signal, stdout, stderr };
  } finally {
    child.kill('SIGKILL');
    running.delete(child);
  }
}

export class Parley {
  // `launcher`: words before the program's, as of `ip netns exec NAME`.
  constructor({ mock, options, env, dataDir, cwd, launcher = [] }) {
    this.mock = mock;
    this.launcher = launcher;
    this.options = options;
    this.env = env;
    this.cwd = cwd;
    this.ownsData = !dataDir;
    this.dataDir = dataDir ?? temporaryFolder();
  }

  arguments() {
    const all = {
      'data-dir': this.dataDir,
      'http.listen': '127.0.0.1:0',
      ...(this.mock ? { 'llm.base-url': this.mock.base_url, 'llm.model': 'mock' } : {}),
      ...this.options,
    };
    return Object.entries(all)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `--${name}=${value}`);
  }

  async start() {
    this.stdout = '';
    this.stderr = '';
    this.expectedEnd = false;
    const [program, ...words] = [...this.launcher, binary, ...this.arguments()];
    const child = spawn(program, words, {
      env: environment(this.env), cwd: this.cwd, stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.end = null;
    running.add(child);
    child.stdout.on('data', (part) => { this.stdout += part; });
    child.stderr.on('data', (part) => { this.keepLog(part); });
    this.exited = new Promise((resolve) => {
      child.on('error', (error) => {
        this.end = { code: null, signal: null, error };
        resolve(this.end);
      });
      child.on('close', (code, signal) => {
        running.delete(child);
        this.end = { code, signal };
        resolve(this.end);
      });
    });
    await until(() => this.end || /listening on \S+\n/.test(this.stdout),
      `the line "parley: listening on" of ${binary}\n${this.logTail()}`);
    if (this.end) {
      throw new Error(`parley ended at its start: ${JSON.stringify(this.end)} `
        + `${this.end.error ?? ''}\n${this.logTail()}`);
    }
    this.url = /listening on (\S+)\n/.exec(this.stdout)[1];
    this.port = Number(new URL(this.url).port);
    return this;
  }

  keepLog(part) {
    this.stderr += part;
    if (process.env.PARLEY_E2E_LOG) fs.appendFileSync(process.env.PARLEY_E2E_LOG, part);
  }

  logTail(lines = 30) {
    return (this.stderr ?? '').split('\n').slice(-lines).join('\n');
  }

  // Dies as at a power cut of the process: no destructor runs.
  async kill9() {
    this.expectedEnd = true;
    this.child.kill('SIGKILL');
    return this.exited;
  }

  terminate() {
    this.expectedEnd = true;
    this.child.kill('SIGTERM');
  }

  async stopped() {
    return within(this.exited, `the end of the process\n${this.logTail()}`);
  }

  // Starts again on the same data. `samePort`: for clients that reconnect.
  async restart({ samePort = false, options = {}, env = null } = {}) {
    if (!this.end) {
      this.terminate();
      await this.stopped();
    }
    this.options = { ...this.options, ...options };
    if (env) this.env = env;
    if (samePort) this.options['http.listen'] = `127.0.0.1:${this.port}`;
    return this.start();
  }

  // Ends the process and forgets its data. A process that died by itself is
  // an error, whatever the test saw.
  async dispose() {
    const diedByItself = this.end && !this.expectedEnd;
    if (!this.end) await this.kill9();
    if (this.ownsData) {
      for (let tries = 0; tries < 5; tries += 1) {
        try {
          fs.rmSync(this.dataDir, { recursive: true, force: true });
          break;
        } catch {
          await pause(50);
        }
      }
    }
    if (diedByItself) {
      throw new Error(`parley died by itself: ${JSON.stringify(this.end)}\n${this.logTail(60)}`);
    }
  }
}

export function startParley({
  mock = null, options = {}, env = {}, dataDir = null, cwd = undefined,
} = {}) {
  return new Parley({ mock, options, env, dataDir, cwd }).start();
}
