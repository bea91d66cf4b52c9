// Clients from npm, unmodified, over a network that cuts them: each ends with
// the whole text. And curl, as a person would use it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { fetchEventSource } from '@microsoft/fetch-event-source';
import { EventSource } from 'eventsource';
import { createEventSource } from 'eventsource-client';
import { events } from 'fetch-event-stream';

import { ask, textOf } from '../support/mock_upstream.mjs';
import { startCuttingProxy } from '../support/tcp_proxy.mjs';
import { within } from '../support/wait.mjs';
import {
  answer, newTag, post, say, startRoute, streamRoute, textIn,
} from './lib/client.mjs';
import { checkEventsBody, checkFrames, checkPostBody } from './lib/checks.mjs';
import { world } from './lib/setup.mjs';

const it = world();
const run = promisify(execFile);
const plan = { tokens: 150, unicode: true, delay_ms: 20 };

// Bytes after which each connection in turn is cut: within the head, within
// frames, right behind them; then the network is well.
const cuts = [900, 150, 1300, 700];

before(() => {
  // fetch-event-source is written for browsers and looks at these two.
  globalThis.window ??= globalThis;
  globalThis.document ??= {
    hidden: false, addEventListener() {}, removeEventListener() {},
  };
});
after(() => {
  delete globalThis.window;
  delete globalThis.document;
});

async function started(t, reset) {
  const proxy = await startCuttingProxy(it.parley.port, (n) => cuts[n], { reset });
  t.after(() => proxy.close());
  const tag = newTag();
  const { json: state } = await post(it.parley, startRoute, say({ ...plan, tag }));
  return { proxy, tag, state, url: `${proxy.url}${startRoute}/${state.id}/events` };
}

function checkEnd(frames, { proxy, tag }) {
  checkFrames(frames);
  assert.equal(textIn(frames), textOf(plan));
  assert.equal(it.mock.calls(tag), 1);
  assert.ok(proxy.cuts >= 3, `${proxy.cuts} cuts`);
}

const transient = (frame) => frame.type === 'progress';

for (const reset of [false, true]) {
  const how = reset ? 'RST' : 'FIN';

  test(`npm's eventsource reconnects after each cut by ${how}, and 204 ends it`, async (t) => {
    const began = await started(t, reset);
    const source = new EventSource(began.url);
    t.after(() => source.close());
    const frames = [];
    source.onmessage = (event) => {
      const frame = JSON.parse(event.data);
      if (transient(frame)) return;
      assert.equal(event.lastEventId, `${frame.seq}`);
      frames.push(frame);
    };
    const end = await within(new Promise((resolve) => {
      source.onerror = (event) => {
        if (source.readyState === EventSource.CLOSED) resolve(event);
      };
    }), 'the end of the EventSource');
    assert.equal(end.code, 204);
    checkEnd(frames, began);
  });

  test(`npm's eventsource-client reconnects after each cut by ${how}`, async (t) => {
    const began = await started(t, reset);
    const frames = [];
    const client = createEventSource({ url: began.url });
    t.after(() => client.close());
    await within((async () => {
      for await (const { data, id } of client) {
        const frame = JSON.parse(data);
        if (transient(frame)) continue;
        assert.equal(id, `${frame.seq}`);
        frames.push(frame);
        if (frame.type === 'done') break;
      }
    })(), 'the end of the client');
    checkEnd(frames, began);
  });

  test(`@microsoft/fetch-event-source reconnects after each cut by ${how}`, async (t) => {
    const began = await started(t, reset);
    const frames = [];
    const stop = new AbortController();
    await within(fetchEventSource(began.url, {
      openWhenHidden: true,
      signal: stop.signal,
      onmessage: (event) => {
        if (!event.data) return; // it makes a message of each comment and retry
        const frame = JSON.parse(event.data);
        if (!transient(frame)) frames.push(frame);
        // To this client a 204 is an error that it retries for ever, so an
        // application leaves with the last frame.
        if (frame.type === 'done') stop.abort();
      },
    }), 'the end of the client');
    checkEnd(frames, began);
  });
}

test('a client that posts again under its Idempotency-Key ends with the whole text', async (t) => {
  const proxy = await startCuttingProxy(it.parley.port, (n) => cuts[n], { reset: true });
  t.after(() => proxy.close());
  const tag = newTag();
  let frames = [];
  const stop = new AbortController();
  await within(fetchEventSource(`${proxy.url}${streamRoute}`, {
    signal: stop.signal,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': tag },
    body: JSON.stringify(say({ ...plan, tag })),
    openWhenHidden: true,
    onmessage: (event) => {
      if (!event.data) return;
      const frame = JSON.parse(event.data);
      if (frame.type === 'start') frames = [];
      if (!transient(frame)) frames.push(frame);
      if (frame.type === 'done') stop.abort();
    },
  }), 'the end of the client');
  checkEnd(frames, { proxy, tag });
});

test('fetch-event-stream reads the POST\'s answer as it is', async () => {
  const response = await fetch(`${it.parley.url}${streamRoute}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(say(plan)),
  });
  const frames = [];
  for await (const event of events(response)) {
    if (event.data) frames.push(JSON.parse(event.data));
  }
  checkFrames(frames);
  assert.equal(textIn(frames), textOf(plan));
});

test('a naive client that splits at blank lines and parses behind "data: " works', async () => {
  const response = await fetch(`${it.parley.url}${streamRoute}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(say(plan)),
  });
  let text = '';
  let buffer = '';
  const decoder = new TextDecoder();
  for await (const part of response.body) {
    buffer += decoder.decode(part, { stream: true });
    const frames = buffer.split('\n\n');
    buffer = frames.pop();
    for (const frame of frames) {
      if (!frame.startsWith('data: ')) continue;
      const { type, chunk } = JSON.parse(frame.slice(6));
      if (type === 'content') text += chunk;
    }
  }
  assert.equal(text, textOf(plan));
});

// -- curl -------------------------------------------------------------------------------

const curl = (...args) => run('curl', ['--silent', '--show-error', '--no-buffer', ...args],
  { encoding: 'buffer', maxBuffer: 1 << 24 });

test('curl shows a stream, its headers and its frames', async () => {
  const { stdout } = await curl('--include', '--json', JSON.stringify({ message: ask(plan) }),
    `${it.parley.url}${streamRoute}`);
  const at = stdout.indexOf('\r\n\r\n');
  const head = stdout.subarray(0, at).toString();
  const body = stdout.subarray(at + 4);
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, /content-type: text\/event-stream; charset=utf-8/i);
  checkPostBody(body);
  const frames = body.toString().split('\n\n').filter((f) => f.startsWith('data: '))
    .map((f) => JSON.parse(f.slice(6)));
  checkFrames(frames);
  assert.equal(textIn(frames), textOf(plan));
});

test('curl resumes with Last-Event-ID, gets 204 at the end, and a compressed list', async () => {
  const reader = await answer(it.parley, plan);
  const url = `${it.parley.url}${startRoute}/${reader.ids_.stream}/events`;
  const after_ = reader.of('content')[3].seq;
  const { stdout } = await curl('--header', `Last-Event-ID: ${after_}`, url);
  checkEventsBody(stdout);
  const end = await curl('--write-out', '%{http_code}', '--header',
    `Last-Event-ID: ${reader.terminal.seq}`, url);
  assert.equal(end.stdout.toString(), '204');
  const list = await curl('--compressed',
    `${it.parley.url}/api/v1/conversations/${reader.ids_.conversation}/messages`);
  assert.equal(JSON.parse(list.stdout).data[1].content, textOf(plan));
});

test('curl with Expect: 100-continue and a large body is served', async () => {
  const { stdout } = await curl('--header', 'Expect: 100-continue', '--json',
    JSON.stringify({ message: `${'é'.repeat(20_000)}${ask({ tokens: 2 })}` }),
    `${it.parley.url}/api/v1/chat/message`);
  assert.equal(JSON.parse(stdout).message.content, textOf({ tokens: 2 }));
});

test('curl over HTTP/1.0 gets the same frames', async () => {
  const { stdout } = await curl('--http1.0', '--json', JSON.stringify({ message: ask({ tokens: 3 }) }),
    `${it.parley.url}${streamRoute}`);
  checkPostBody(stdout);
  assert.match(stdout.toString(), /"type":"done"/);
});
