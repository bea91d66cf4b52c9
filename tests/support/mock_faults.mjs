// The ways in which the mock upstream goes wrong. `plan.fault` is one of:
//
//   "400" … "599"        an error status with OpenAI's error object
//   hang                 takes the request and never answers
//   cut_before_head      RST before the response head
//   close_before_head    FIN before the response head
//   garbage_http         bytes that are not HTTP
//   slow_headers         the head a byte at a time, `delay_ms` apart
//   redirect             302 to another path
//   html                 200 with a web page
//   huge_headers         200 with a head that never ends
// and after `plan.at` pieces:
//   stall_after          sends nothing more, keeps the connection
//   cut                  RST between two frames
//   cut_mid_frame        RST in the middle of a frame (and of a character)
//   no_finish            ends the body cleanly without finish_reason and [DONE]
//   garbage              an event stream whose data is no JSON
//   bad_chunk            a chunk size that is no number
//   bad_utf8, lone_surrogate   a piece that is no text
//   error_in_stream      an error object as a frame
//   endless_line         one frame that never ends
// or not a failure of transport:
//   big_token, done_without_finish, length, content_filter, tool_call, trickle,
//   endless

const errorTypes = {
  400: 'invalid_request_error', 401: 'authentication_error',
  403: 'permission_error', 404: 'not_found_error', 429: 'rate_limit_error',
};

function reset(answer, state = 'fault') {
  answer.record.state = state;
  answer.request.socket.resetAndDestroy();
  answer.mock.wake();
}

// Raw bytes in place of a response that node would write.
function raw(answer, bytes) {
  return new Promise((resolve) => {
    if (answer.closed) resolve();
    else answer.request.socket.write(bytes, resolve);
  });
}

async function refuse(answer, status) {
  const { plan } = answer;
  const body = JSON.stringify({
    error: {
      message: plan.message,
      type: errorTypes[status] ?? 'server_error',
      param: null,
      code: plan.code,
    },
  });
  answer.record.state = 'fault';
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  };
  if (plan.retry_after !== null) headers['Retry-After'] = `${plan.retry_after}`;
  await answer.head(status, headers);
  answer.response.end(body);
}

async function dripHead(answer) {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
    + 'Connection: close\r\n\r\n';
  for (const byte of head) {
    if (answer.closed) return;
    await raw(answer, byte);
    await answer.wait(answer.plan.delay_ms || 2);
  }
  const plan = { ...answer.plan, fault: null, delay_ms: 0 };
  answer.plan = plan;
  answer.head = async () => { answer.record.head_sent = true; };
  answer.write = (text) => raw(answer, text);
  answer.finish = (state) => {
    answer.record.state = state;
    answer.request.socket.end();
    answer.mock.wake();
  };
  await answer.stream();
}

async function hugeHead(answer) {
  await raw(answer, 'HTTP/1.1 200 OK\r\n');
  for (let i = 0; i < 4096 && !answer.closed; i += 1) {
    await raw(answer, `X-Filler-${i}: ${'y'.repeat(1000)}\r\n`);
  }
  answer.request.socket.destroy();
}

// Returns true when the answer is over.
export async function faultBeforeHead(answer) {
  const { plan } = answer;
  const status = /^[45]\d\d$/.exec(plan.fault ?? '');
  if (status) {
    await refuse(answer, Number(plan.fault));
    return true;
  }
  switch (plan.fault) {
    case 'hang':
      await answer.until(() => false);
      return true;
    case 'cut_before_head':
      reset(answer);
      return true;
    case 'close_before_head':
      answer.record.state = 'fault';
      answer.request.socket.end();
      return true;
    case 'garbage_http':
      answer.record.state = 'fault';
      await raw(answer, '\u0016\u0003\u0001 this is not HTTP\r\n\r\n');
      answer.request.socket.end();
      return true;
    case 'redirect':
      answer.record.state = 'fault';
      await answer.head(302, {
        Location: '/v1/elsewhere/chat/completions', 'Content-Length': 0,
      });
      answer.response.end();
      return true;
    case 'html':
      answer.record.state = 'fault';
      await answer.head(200, { 'Content-Type': 'text/html' });
      answer.response.end('<!doctype html><title>Welcome to nginx!</title>');
      return true;
    case 'huge_headers':
      answer.record.state = 'fault';
      await hugeHead(answer);
      return true;
    case 'slow_headers':
      await dripHead(answer);
      return true;
    case 'length':
    case 'content_filter':
      answer.plan = { ...plan, finish: plan.fault, fault: null };
      return false;
    default:
      return false;
  }
}

async function callTool(answer) {
  const call = (fields) => answer.frame(answer.chunk({
    tool_calls: [{ index: 0, ...fields }],
  }));
  await call({
    id: 'call_1',
    type: 'function',
    function: { name: 'get_weather', arguments: '' },
  });
  for (const piece of ['{"ci', 'ty":"Zü', 'rich"}']) {
    await call({ function: { arguments: piece } });
  }
  answer.plan = { ...answer.plan, fault: null, finish: 'tool_calls' };
  await answer.end(3);
}

async function sayForever(answer, piece, delay) {
  for (let i = 0; !answer.closed; i += 1) {
    await answer.frame(answer.chunk({ content: piece(i) }));
    answer.record.sent = i + 1;
    if (delay > 0) await answer.wait(delay);
    else if (i % 64 === 0) await new Promise((go) => setImmediate(go));
  }
}

async function lineForever(answer) {
  await answer.write('data: {"choices":[{"index":0,"delta":{"content":"');
  while (!answer.closed) {
    await answer.write('z'.repeat(65536));
    await new Promise((go) => setImmediate(go));
  }
}

// Called before piece `i`. Returns true when the answer is over.
export async function faultAfterPieces(answer, i) {
  const { plan, record } = answer;
  if (i !== plan.at) return false;
  switch (plan.fault) {
    case 'stall_after':
      await answer.until(() => false);
      return true;
    case 'cut':
    case 'cut_mid_frame':
      if (plan.fault === 'cut_mid_frame') {
        const half = Buffer.from(`data: ${JSON.stringify(
          answer.chunk({ content: 'never seen 🙂' }))}`);
        await answer.write(half.subarray(0, half.indexOf(0xf0) + 2));
      }
      // The bytes must be on their way before the reset overtakes them.
      await answer.wait(50);
      reset(answer);
      return true;
    case 'no_finish':
      answer.finish('fault');
      return true;
    case 'garbage':
      await answer.frame('{"choices":[{"delta":{"content":');
      answer.finish('fault');
      return true;
    case 'bad_chunk':
      record.state = 'fault';
      await raw(answer, 'zzz\r\nnonsense\r\n');
      answer.request.socket.end();
      return true;
    case 'bad_utf8':
      await answer.write(Buffer.concat([
        Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"bad '),
        Buffer.from([0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
        Buffer.from('"},"finish_reason":null}]}\n\n'),
      ]));
      answer.plan = { ...plan, fault: null };
      return false;
    case 'lone_surrogate':
      await answer.frame('{"choices":[{"index":0,"delta":{"content":'
        + '"lone \\ud83d end"},"finish_reason":null}]}');
      answer.plan = { ...plan, fault: null };
      return false;
    case 'error_in_stream':
      await answer.frame({
        error: { message: plan.message, type: 'server_error', code: plan.code },
      });
      answer.finish('fault');
      return true;
    case 'endless_line':
      await lineForever(answer);
      return true;
    case 'tool_call':
      await callTool(answer);
      return true;
    case 'trickle':
      await sayForever(answer, () => '.', plan.delay_ms || 100);
      return true;
    case 'endless':
      await sayForever(answer, (n) => `w${n} `, plan.delay_ms);
      return true;
    default:
      return false;
  }
}
