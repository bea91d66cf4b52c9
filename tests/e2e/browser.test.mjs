// A real browser: Chromium with its own EventSource and fetch, on a page of
// another origin, over a network that cuts, and over a crash of the server.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import { startMock, textOf } from '../support/mock_upstream.mjs';
import { startParley } from '../support/parley.mjs';
import { startCuttingProxy } from '../support/tcp_proxy.mjs';
import { hangLimit, until } from '../support/wait.mjs';
import {
  newTag, post, say, startRoute, storedAnswer, streamRoute, textIn,
} from './lib/client.mjs';
import { checkFrames } from './lib/checks.mjs';

const executablePath = process.env.PARLEY_CHROMIUM ?? '/usr/bin/chromium';
const skip = process.env.PARLEY_E2E_NO_BROWSER ? 'PARLEY_E2E_NO_BROWSER is set' : false;
const plan = { tokens: 60, unicode: true, delay_ms: 10 };
let site;
let mock;
let parley;
let browser;

before(async () => {
  if (skip) return;
  assert.ok(fs.existsSync(executablePath), `Chromium is needed at ${executablePath}; `
    + 'PARLEY_CHROMIUM names another, PARLEY_E2E_NO_BROWSER=1 skips these tests');
  site = http.createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end('<!doctype html><meta charset="utf-8"><title>a page of another origin</title>');
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  site.url = `http://127.0.0.1:${site.address().port}`;
  mock = await startMock();
  parley = await startParley({ mock, options: { 'http.cors.origins': site.url } });
  browser = await chromium.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--disable-dev-shm-usage'],
  });
});

after(async () => {
  await browser?.close();
  await parley?.dispose();
  await mock?.close();
  site?.closeAllConnections();
  site?.close();
});

async function page(t) {
  const opened = await browser.newPage();
  opened.setDefaultTimeout(hangLimit);
  t.after(() => opened.close());
  await opened.goto(site.url);
  return opened;
}

// Runs in the page: a native EventSource that collects until it is closed.
/* global window */
function watch(url) {
  const source = new window.EventSource(url);
  const seen = { frames: [], ids: [], opens: 0, errors: 0, closed: false };
  window.seen = seen;
  source.onopen = () => { seen.opens += 1; };
  source.onmessage = (event) => {
    seen.frames.push(JSON.parse(event.data));
    seen.ids.push(event.lastEventId);
  };
  source.onerror = () => {
    seen.errors += 1;
    seen.closed = source.readyState === window.EventSource.CLOSED;
  };
}

const numbered = (frames) => frames.filter((frame) => frame.type !== 'progress');

for (const reset of [false, true]) {
  test(`a native EventSource is cut by ${reset ? 'RST' : 'FIN'}, reconnects and ends with 204`, { skip }, async (t) => {
    // Long enough to be cut three times even when every reconnection gets the
    // rest as one frame.
    const long = { ...plan, pad: 40 };
    const cuts = [1500, 1100, 300, 2000];
    const proxy = await startCuttingProxy(parley.port, (n) => cuts[n], { reset });
    t.after(() => proxy.close());
    const tag = newTag();
    const { json: state } = await post(parley, startRoute, say({ ...long, tag }));
    const opened = await page(t);
    await opened.evaluate(watch, `${proxy.url}${startRoute}/${state.id}/events`);
    await opened.waitForFunction(() => window.seen.closed);
    const seen = await opened.evaluate(() => window.seen);
    checkFrames(numbered(seen.frames));
    assert.equal(textIn(seen.frames), textOf(long));
    assert.ok(seen.opens >= 2, `${seen.opens} connections`);
    assert.ok(proxy.cuts >= 3);
    assert.equal(mock.calls(tag), 1);
    const accepted = proxy.accepted;
    await new Promise((go) => setTimeout(go, 1500));
    assert.equal(proxy.accepted, accepted, 'after the 204 it stays away');
  });
}

test('a page posts, reads the ids from the headers and the frames from the body', { skip }, async (t) => {
  const opened = await page(t);
  const got = await opened.evaluate(async ([url, body]) => {
    const response = await window.fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': `page-${Math.random()}` },
      body,
    });
    const text = await response.text();
    return {
      status: response.status,
      stream: response.headers.get('x-stream-id'),
      conversation: response.headers.get('x-conversation-id'),
      message: response.headers.get('x-message-id'),
      request: response.headers.get('x-request-id'),
      text,
    };
  }, [`${parley.url}${streamRoute}`, JSON.stringify(say(plan))]);
  assert.equal(got.status, 200);
  assert.ok(got.request);
  const frames = got.text.split('\n\n').filter((f) => f.startsWith('data: '))
    .map((f) => JSON.parse(f.slice(6)));
  checkFrames(frames);
  assert.equal(textIn(frames), textOf(plan));
  assert.equal(frames[0].stream_id, got.stream);
  const stored = await storedAnswer(parley, { ids_: got });
  assert.equal(stored.content, textOf(plan));
});

test('a page of an origin that is not listed reads nothing', { skip }, async (t) => {
  const opened = await browser.newPage();
  t.after(() => opened.close());
  await opened.goto(site.url.replace('127.0.0.1', 'localhost'));
  const failed = await opened.evaluate((url) => window.fetch(url).then(() => false, () => true),
    `${parley.url}/version`);
  assert.equal(failed, true);
});

test('a native EventSource survives kill -9 of the server and learns how it ended', { skip }, async (t) => {
  const tag = newTag();
  const { json: state } = await post(parley, startRoute, say({ tag, gate: 5, tokens: 9 }));
  const opened = await page(t);
  await opened.evaluate(watch, `${parley.url}${startRoute}/${state.id}/events`);
  await opened.waitForFunction(() => (
    window.seen.frames.some((frame) => (frame.chunk ?? '').includes('w4 '))));
  await new Promise((go) => setTimeout(go, 200));
  await parley.kill9();
  await parley.restart({ samePort: true });
  await opened.waitForFunction(() => window.seen.closed);
  const { frames } = await opened.evaluate(() => window.seen);
  checkFrames(numbered(frames));
  assert.equal(textIn(frames), textOf({ tokens: 5 }));
  assert.equal(frames.at(-1).code, 'interrupted');
});

test('ten tabs on one stream all end with the same text', { skip }, async (t) => {
  const tag = newTag();
  const { json: state } = await post(parley, startRoute, say({ ...plan, tag, gate: 10 }));
  const url = `${parley.url}${startRoute}/${state.id}/events`;
  // A browser keeps at most six connections to one host in one context.
  const contexts = await Promise.all(Array.from({ length: 10 }, () => browser.newContext()));
  t.after(() => Promise.all(contexts.map((context) => context.close())));
  const tabs = [];
  for (const context of contexts) {
    const tab = await context.newPage();
    tab.setDefaultTimeout(hangLimit);
    await tab.goto(site.url);
    await tab.evaluate(watch, url);
    tabs.push(tab);
  }
  await until(async () => (
    await Promise.all(tabs.map((tab) => tab.evaluate(() => window.seen.opens)))
  ).every((opens) => opens > 0), 'all tabs are connected', { every: 100 });
  mock.release(tag);
  for (const tab of tabs) {
    await tab.waitForFunction(() => window.seen.closed);
    const { frames } = await tab.evaluate(() => window.seen);
    assert.equal(textIn(frames), textOf(plan));
  }
});
