// What the mock upstream is told to do, and the text that it will say.
//
// A request is steered by the last user message that holds `{"mock":{…}}`, or
// by a model named `mock-<fault>`. `textOf(plan)` is what a client must end up
// with, so a test computes its expectation instead of repeating it.

export const defaults = Object.freeze({
  tag: '-', // what calls are counted under
  tokens: 20, // how many pieces the answer has
  text: null, // exact text instead of numbered words
  chunk: 4, // code points per piece of `text`
  unicode: false, // words of one to four bytes a character, and joined ones
  seed: 0, // varies the words
  pad: 0, // dots added to each word
  delay_ms: 0, // between pieces; 0: as fast as the socket takes them
  first_delay_ms: 0, // before the first piece, after the head
  head_delay_ms: 0, // before the head
  hold_head: false, // no head before release(tag)
  gate: null, // stop after so many pieces until release(tag, more)
  fault: null, // see mock_faults.mjs
  at: 3, // pieces before the fault
  times: null, // only the first so many attempts of this tag fail
  retry_after: null, // seconds, with an error status
  message: 'the mock was told to fail', // of an error
  code: null, // of an error
  reasoning: 0, // pieces of thinking text before the answer
  reasoning_key: 'reasoning_content',
  finish: 'stop',
  usage: true, // report usage when asked to
  framing: 'chunked', // or 'close': until the connection ends
  eol: '\n',
  comments: false, // a comment before each frame
  ascii: false, // escape everything above ASCII, as Python's json does
  split: 0, // bytes per write; 0: a frame per write
  size: 65536, // bytes of a `big_token`
});

// One to four bytes in UTF-8, joined emoji, combining marks, right to left,
// and what breaks naive framing: quotes, backslashes, line separators.
const unicodeWords = [
  'naïve', 'Straße', '日本語', '🙂', '👩‍👩‍👧‍👦', 'e\u0301', 'שלום', '𝔘𝔫𝔦', '한글',
  '"quoted"', 'back\\slash', 'line\nbreak', 'a\u2028b', 'tab\t', '\u0001',
  'data: x', '🇩🇪', 'ด้้้', '\u{10FFFF}', '<b>&amp;</b>',
];

export function directiveIn(body) {
  const texts = (body?.messages ?? [])
    .filter((m) => m.role === 'user')
    .map((m) => (typeof m.content === 'string' ? m.content
      : (m.content ?? []).map((part) => part.text ?? '').join('')));
  const last = texts.at(-1) ?? '';
  const at = last.indexOf('{"mock":');
  if (at >= 0) {
    try {
      return JSON.parse(last.slice(at)).mock;
    } catch {
      return { fault: '400', message: 'the directive is not JSON' };
    }
  }
  const fault = /^mock-(.+)$/.exec(body?.model ?? '')?.[1];
  return fault && fault !== 'small' ? { fault } : {};
}

export function planOf(body) {
  const directive = directiveIn(body);
  for (const key of Object.keys(directive)) {
    if (!(key in defaults)) {
      return { ...defaults, fault: '400', message: `no directive '${key}'` };
    }
  }
  return { ...defaults, ...directive };
}

function word(plan, i) {
  const dots = '.'.repeat(plan.pad);
  if (!plan.unicode) return `w${plan.seed + i}${dots} `;
  return `${unicodeWords[(plan.seed + i) % unicodeWords.length]}${i}${dots} `;
}

// The pieces that the mock sends, one per frame.
export function piecesOf(directive) {
  const plan = { ...defaults, ...directive };
  if (plan.fault === 'big_token') return ['x'.repeat(plan.size)];
  if (plan.text === null) {
    return Array.from({ length: plan.tokens }, (_, i) => word(plan, i));
  }
  const points = [...plan.text];
  const pieces = [];
  for (let i = 0; i < points.length; i += plan.chunk) {
    pieces.push(points.slice(i, i + plan.chunk).join(''));
  }
  return pieces;
}

export function textOf(directive) {
  return piecesOf(directive).join('');
}

export function reasoningOf(directive) {
  const count = directive.reasoning ?? 0;
  return Array.from({ length: count }, (_, i) => `thought ${i}. `);
}

// A user message that makes the mock follow `directive`.
export function ask(directive) {
  return JSON.stringify({ mock: directive });
}
