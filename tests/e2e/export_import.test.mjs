// API §3: a conversation taken out whole and brought back unchanged.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textOf } from '../support/mock_upstream.mjs';
import {
  answer, call, del, get, messagesOf, newTag, openStream, post,
} from './lib/client.mjs';
import { checkGoodAnswer, checkProblem } from './lib/checks.mjs';
import { ownWorld, world } from './lib/setup.mjs';

const it = world();
const base = '/api/v1/conversations';

// A conversation with everything in it: failures, cuts, reasoning, metadata.
async function rich(parley) {
  const { json: made } = await post(parley, base, {
    title: 'Alles 🙂', system_prompt: 'Be\nkind.', metadata: { ключ: 'значение' },
  });
  const fields = { conversation_id: made.id };
  await answer(parley, { tokens: 20, unicode: true, reasoning: 2 },
    { fields: { ...fields, metadata: { n: '1' } } });
  await answer(parley, { fault: 'cut', at: 2 }, { fields });
  await answer(parley, { text: '🙂'.repeat(20) }, { fields: { ...fields, max_response_chars: 5 } });
  await answer(parley, { fault: 'tool_call', at: 0 }, { fields });
  await answer(parley, '# a heading\n```js\nlet x = `y`;\n```', { fields });
  return made.id;
}

test('an exported conversation comes back unchanged on another server, ids too', async (t) => {
  const id = await rich(it.parley);
  const conversation = (await get(it.parley, `${base}/${id}`)).json;
  const messages = await messagesOf(it.parley, id);
  const exported = await get(it.parley, `${base}/${id}/export?format=json`);
  assert.equal(exported.status, 200);
  assert.match(exported.headers['content-type'], /^application\/json/);
  const other = await ownWorld(t);
  const imported = await post(other.parley, `${base}/import`, exported.json);
  assert.equal(imported.status, 201, imported.text);
  assert.equal(imported.headers.location, `${base}/${id}`);
  assert.deepEqual(imported.json, conversation);
  assert.deepEqual((await get(other.parley, `${base}/${id}`)).json, conversation);
  assert.deepEqual(await messagesOf(other.parley, id), messages);
  const again = await get(other.parley, `${base}/${id}/export`);
  assert.deepEqual(again.json, exported.json, 'json is the default, and it is the same');
  const tag = newTag();
  const next = await answer(other.parley, { tag, tokens: 2 }, { fields: { conversation_id: id } });
  checkGoodAnswer(next, textOf({ tokens: 2 }));
  assert.ok(other.mock.last(tag).body.messages.length > 2, 'the history is known');
  await other.parley.restart();
  assert.equal((await messagesOf(other.parley, id)).length, messages.length + 2);
});

test('a deleted conversation can be brought back', async () => {
  const id = await rich(it.parley);
  const messages = await messagesOf(it.parley, id);
  const exported = (await get(it.parley, `${base}/${id}/export?format=json`)).json;
  checkProblem(await post(it.parley, `${base}/import`, exported), 409, 'id_in_use');
  await del(it.parley, `${base}/${id}`);
  assert.equal((await post(it.parley, `${base}/import`, exported)).status, 201);
  assert.deepEqual(await messagesOf(it.parley, id), messages);
});

test('markdown holds the title and every message for a person to read', async () => {
  const id = await rich(it.parley);
  const exported = await get(it.parley, `${base}/${id}/export?format=markdown`);
  assert.equal(exported.status, 200);
  assert.match(exported.headers['content-type'], /^text\/markdown/);
  assert.ok(exported.text.includes('Alles 🙂'));
  for (const message of await messagesOf(it.parley, id)) {
    for (const line of message.content.split('\n')) {
      assert.ok(exported.text.includes(line.trim()), line);
    }
  }
});

test('an unknown format is 400', async () => {
  const { id } = (await post(it.parley, base, {})).json;
  for (const format of ['pdf', '', 'JSON5']) {
    checkProblem(await get(it.parley, `${base}/${id}/export?format=${format}`), 400);
  }
});

test('a conversation in mid-answer can be exported, and imported as not generating', async (t) => {
  const tag = newTag();
  const reader = await openStream(it.parley, { tag, gate: 2, tokens: 3 });
  await reader.untilText('w1 ');
  const id = reader.ids_.conversation;
  const exported = await get(it.parley, `${base}/${id}/export`);
  assert.equal(exported.status, 200);
  it.mock.release(tag);
  await reader.end();
  const other = await ownWorld(t);
  const imported = await post(other.parley, `${base}/import`, exported.json);
  assert.ok([201, 400, 409].includes(imported.status), imported.text);
  if (imported.status === 201) {
    const messages = await messagesOf(other.parley, id);
    assert.ok(messages.every((m) => m.status !== 'generating'));
    assert.equal((await answer(other.parley, { tokens: 1 },
      { fields: { conversation_id: id } })).terminal.type, 'done');
  }
});

test('an import that is wrong anywhere is 400 and leaves nothing', async (t) => {
  const id = await rich(it.parley);
  const good = (await get(it.parley, `${base}/${id}/export`)).json;
  const { parley } = await ownWorld(t);
  const spoil = (change) => {
    const copy = structuredClone(good);
    change(copy, copy.messages ?? copy.conversation?.messages);
    return copy;
  };
  const bad = [{}, [], null, 'x', { messages: [] },
    spoil((all) => { for (const key of Object.keys(all)) delete all[key]; })];
  const messages = good.messages;
  if (Array.isArray(messages)) {
    bad.push(
      spoil((_, list) => { list[0].role = 'wizard'; }),
      spoil((_, list) => { list[0].id = 5; }),
      spoil((_, list) => { list[0].content = null; }),
      spoil((_, list) => { list[1].status = 'generating?'; }),
      spoil((_, list) => { list[0].created_at = 'yesterday'; }),
      spoil((_, list) => { list[1].id = list[0].id; }),
      spoil((_, list) => { list[0].colour = 'red'; }),
      spoil((_, list) => { list.push(5); }),
      spoil((all) => { all.messages = {}; }),
    );
  }
  for (const body of bad) {
    const answered = await call(parley, 'POST', `${base}/import`, {
      body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
    });
    assert.ok([400, 409].includes(answered.status),
      `${answered.status} for ${JSON.stringify(body)?.slice(0, 200)}`);
    checkProblem(answered, answered.status);
  }
  assert.deepEqual((await get(parley, base)).json.data, []);
  assert.equal((await post(parley, `${base}/import`, good)).status, 201, 'the good one still fits');
});
