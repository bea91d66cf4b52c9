// API §3: conversations, their pages, titles, changes and deletion.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../support/wait.mjs';
import {
  answer, call, del, get, join, messagesOf, newTag, openStream, patch, post, streamState,
} from './lib/client.mjs';
import { checkFrames, checkProblem, idPattern, timePattern } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world();
const base = '/api/v1/conversations';
const create = async (body = {}) => {
  const answered = await post(it.parley, base, body);
  assert.equal(answered.status, 201, answered.text);
  return answered.json;
};

test('a conversation is created with 201 and its Location, and read there', async () => {
  const body = {
    title: 'Ünïcode 🙂', system_prompt: 'Be kind.', model: 'mock-small', metadata: { a: 'b' },
  };
  const answered = await post(it.parley, base, body);
  assert.equal(answered.status, 201);
  const made = answered.json;
  assert.equal(answered.headers.location, `${base}/${made.id}`);
  assert.match(made.id, idPattern.conversation);
  for (const [field, value] of Object.entries(body)) assert.deepEqual(made[field], value);
  assert.match(made.created_at, timePattern);
  assert.match(made.updated_at, timePattern);
  assert.equal(made.message_count, 0);
  assert.equal(made.active_stream, null);
  assert.deepEqual((await get(it.parley, answered.headers.location)).json, made);
});

test('everything about a new conversation is optional, null too', async () => {
  for (const body of [{}, { title: null, system_prompt: null, model: null, metadata: null }]) {
    const made = await create(body);
    for (const field of ['id', 'title', 'system_prompt', 'model', 'metadata', 'created_at',
      'updated_at', 'message_count', 'active_stream']) {
      assert.ok(field in made, field);
    }
  }
});

test('an answer in a conversation uses its model and system prompt', async () => {
  const made = await create({ system_prompt: 'Be brief.', model: 'mock-small' });
  const tag = newTag();
  const reader = await answer(it.parley, { tag, tokens: 2 },
    { fields: { conversation_id: made.id } });
  assert.equal(reader.start.conversation_id, made.id);
  assert.equal(reader.start.model, 'mock-small');
  const { body } = it.mock.last(tag);
  assert.equal(body.model, 'mock-small');
  assert.equal(body.messages[0].content, 'Be brief.');
  const after = (await get(it.parley, `${base}/${made.id}`)).json;
  assert.equal(after.message_count, 2);
  assert.ok(after.updated_at >= made.updated_at);
});

test('active_stream tells of an answer that runs', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 2, tokens: 4 });
  await reader.untilText('w1 ');
  const path = `${base}/${reader.ids_.conversation}`;
  const { active_stream } = (await get(it.parley, path)).json;
  assert.equal(active_stream.id, reader.ids_.stream);
  assert.ok(active_stream.last_seq >= reader.lastSeq);
  it.mock.release(tag);
  await reader.end();
  assert.equal((await get(it.parley, path)).json.active_stream, null);
});

test('a conversation without a title gets one from its first message, cut at a word', async () => {
  const words = 'How do I teach an elderly parrot to whistle the second movement of a symphony?';
  const first = await answer(it.parley, words);
  const { title } = (await get(it.parley, `${base}/${first.ids_.conversation}`)).json;
  assert.ok([...title].length <= 60, title);
  const kept = title.replace(/…$/, '').trimEnd();
  assert.ok(words.startsWith(kept), title);
  assert.equal(words[kept.length], ' ', `cut at a word: ${title}`);
  const short = await answer(it.parley, 'Kurz 🙂');
  assert.equal((await get(it.parley, `${base}/${short.ids_.conversation}`)).json.title, 'Kurz 🙂');
  const one = await answer(it.parley, '🙂'.repeat(500));
  const long = (await get(it.parley, `${base}/${one.ids_.conversation}`)).json.title;
  assert.ok([...long].length <= 60 && long.isWellFormed());
  const given = await create({ title: 'Mine' });
  await answer(it.parley, words, { fields: { conversation_id: given.id } });
  assert.equal((await get(it.parley, `${base}/${given.id}`)).json.title, 'Mine');
});

test('PATCH changes what it names and nothing else', async () => {
  const made = await create({ title: 'a', system_prompt: 'b', model: 'mock', metadata: { c: 'd' } });
  const path = `${base}/${made.id}`;
  const renamed = await patch(it.parley, path, { title: 'new' });
  assert.equal(renamed.status, 200);
  assert.equal(renamed.json.title, 'new');
  assert.equal(renamed.json.system_prompt, 'b');
  assert.deepEqual(renamed.json.metadata, { c: 'd' });
  const rest = await patch(it.parley, path, {
    system_prompt: 'x', model: 'mock-small', metadata: { e: 'f' },
  });
  assert.deepEqual([rest.json.title, rest.json.system_prompt, rest.json.model, rest.json.metadata],
    ['new', 'x', 'mock-small', { e: 'f' }]);
  assert.deepEqual((await get(it.parley, path)).json, rest.json);
});

test('bad fields of a new or changed conversation are 400 and name the field', async () => {
  const made = await create({ title: 'kept' });
  const cases = [
    [{ title: 5 }, 'title'], [{ title: 'x'.repeat(201) }, 'title'], [{ system_prompt: [] },
      'system_prompt'], [{ model: {} }, 'model'], [{ metadata: 'x' }, 'metadata'],
    [{ metadata: { a: 1 } }, 'metadata'], [{ colour: 'red' }, 'colour'],
    [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) },
      'metadata'],
    [[], null], ['text', null], [null, null],
  ];
  for (const [body, field] of cases) {
    for (const [method, path] of [['POST', base], ['PATCH', `${base}/${made.id}`]]) {
      const answered = await call(it.parley, method, path, {
        body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
      });
      const problem = checkProblem(answered, 400);
      if (field) assert.ok(problem.detail.includes(field), problem.detail);
    }
  }
  assert.equal((await get(it.parley, `${base}/${made.id}`)).json.title, 'kept');
});

test('the list is ordered by newest activity and paged without gap or repeat', async (t) => {
  const { parley } = await ownWorld(t);
  const ids = [];
  for (let i = 0; i < 25; i += 1) {
    ids.push((await post(parley, base, { title: `c${i}` })).json.id);
  }
  const newest = [...ids].reverse();
  const first = (await get(parley, base)).json;
  assert.equal(first.data.length, 20);
  assert.ok(first.next_cursor);
  const seen = [];
  let cursor = '';
  do {
    const page = (await get(parley, `${base}?limit=7${cursor}`)).json;
    seen.push(...page.data.map((c) => c.id));
    cursor = page.next_cursor ? `&cursor=${encodeURIComponent(page.next_cursor)}` : null;
  } while (cursor);
  assert.deepEqual(seen, newest);
  await answer(parley, { tokens: 1 }, { fields: { conversation_id: ids[3] } });
  assert.equal((await get(parley, `${base}?limit=1`)).json.data[0].id, ids[3]);
  const all = (await get(parley, `${base}?limit=100`)).json;
  assert.equal(all.data.length, 25);
  assert.equal(all.next_cursor, null);
});

test('a page of exactly the last conversations has no next', async (t) => {
  const { parley } = await ownWorld(t);
  assert.deepEqual((await get(parley, base)).json, { data: [], next_cursor: null });
  for (let i = 0; i < 3; i += 1) await post(parley, base, {});
  assert.equal((await get(parley, `${base}?limit=3`)).json.next_cursor, null);
});

test('messages come oldest first, or newest first with order=desc, in pages', async () => {
  const made = await create();
  for (let i = 0; i < 6; i += 1) {
    await answer(it.parley, { tokens: 1, seed: i }, { fields: { conversation_id: made.id } });
  }
  const all = await messagesOf(it.parley, made.id);
  assert.equal(all.length, 12);
  assert.deepEqual(all.map((m) => m.role), Array(6).fill(['user', 'assistant']).flat());
  assert.deepEqual(all.filter((m) => m.role === 'assistant').map((m) => m.content),
    ['w0 ', 'w1 ', 'w2 ', 'w3 ', 'w4 ', 'w5 ']);
  for (const order of ['asc', 'desc']) {
    const seen = [];
    let query = `?limit=5&order=${order}`;
    while (query) {
      const page = (await get(it.parley, `${base}/${made.id}/messages${query}`)).json;
      assert.ok(page.data.length <= 5);
      seen.push(...page.data);
      query = page.next_cursor
        && `?limit=5&order=${order}&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
    assert.deepEqual(seen, order === 'asc' ? all : [...all].reverse());
  }
});

test('a bad limit, cursor or order is 400', async () => {
  const made = await create();
  for (const path of [base, `${base}/${made.id}/messages`]) {
    for (const query of ['limit=0', 'limit=101', 'limit=-1', 'limit=ten', 'limit=', 'limit=1.5',
      'limit=99999999999999999999', 'cursor=nonsense', 'cursor=%00', 'cursor=../..']) {
      checkProblem(await get(it.parley, `${path}?${query}`), 400);
    }
  }
  checkProblem(await get(it.parley, `${base}/${made.id}/messages?order=up`), 400);
});

test('what does not exist is 404, whatever its id looks like', async () => {
  const known = (await create()).id;
  const twin = known.slice(0, -1) + (known.endsWith('0') ? '1' : '0');
  for (const id of [twin, 'conv_', 'nonsense', 'msg_1', '%00', '..%2f..', 'conv_%F0%9F%99%82',
    'c'.repeat(2000)]) {
    for (const [method, path, body] of [['GET', ''], ['PATCH', '', { title: 'x' }], ['DELETE', ''],
      ['GET', '/messages'], ['GET', '/export']]) {
      const answered = await call(it.parley, method, `${base}/${id}${path}`, { body });
      // A NUL in a path may be refused as no path at all.
      checkProblem(answered, id.includes('%00') && answered.status === 400 ? 400 : 404);
    }
  }
  const answered = await post(it.parley, '/api/v1/chat/message/stream',
    { message: 'hi', conversation_id: twin });
  checkProblem(answered, 404);
});

test('DELETE is 204, then everything of it is gone', async () => {
  const reader = await answer(it.parley, { tokens: 2 });
  const { conversation, stream } = reader.ids_;
  const gone = await del(it.parley, `${base}/${conversation}`);
  assert.equal(gone.status, 204);
  assert.equal(gone.text, '');
  checkProblem(await get(it.parley, `${base}/${conversation}`), 404);
  checkProblem(await get(it.parley, `${base}/${conversation}/messages`), 404);
  checkProblem(await del(it.parley, `${base}/${conversation}`), 404);
  checkProblem(await get(it.parley, `/api/v1/chat/streams/${stream}`), 404);
  checkProblem(await get(it.parley, `/api/v1/chat/streams/${stream}/events`), 404);
  const list = (await get(it.parley, `${base}?limit=100`)).json.data;
  assert.ok(!list.some((c) => c.id === conversation));
});

test('DELETE cancels a running stream: upstream closed, readers end', async () => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 2, tokens: 4 });
  await reader.untilText('w1 ');
  const { conversation, stream } = reader.ids_;
  const second = await join(it.parley, stream);
  await second.untilText('w1 ');
  assert.equal((await del(it.parley, `${base}/${conversation}`)).status, 204);
  await until(() => it.mock.last(tag).state === 'client_closed', 'the upstream is closed');
  for (const one of [reader, second]) {
    await one.end();
    checkFrames(one.frames);
    assert.equal(one.terminal.finish_reason, 'cancelled');
  }
  checkProblem(await get(it.parley, `/api/v1/chat/streams/${stream}`), 404);
  checkProblem(await get(it.parley, `${base}/${conversation}`), 404);
});

test('conversations, messages and their order survive a restart', async (t) => {
  const { parley } = await ownWorld(t);
  const first = await answer(parley, { tokens: 5, unicode: true });
  const second = await answer(parley, { tokens: 5 });
  const list = (await get(parley, base)).json;
  const messages = await messagesOf(parley, first.ids_.conversation);
  await parley.restart();
  assert.deepEqual((await get(parley, base)).json, list);
  assert.deepEqual(await messagesOf(parley, first.ids_.conversation), messages);
  const state = await streamState(parley, second.ids_.stream);
  assert.equal(state.status, 'complete');
});
