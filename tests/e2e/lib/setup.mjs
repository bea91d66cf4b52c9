// What nearly every test file begins with: a mock upstream and a server that
// talks to it, gone when the file's tests are done.

import { after, before } from 'node:test';

import { startMock } from '../../support/mock_upstream.mjs';
import { startParley } from '../../support/parley.mjs';

// `options` are those of the binary. Returns an object whose `mock` and
// `parley` are there once the tests run.
export function world(options = {}, { tls = null, env = {} } = {}) {
  const it = { mock: null, parley: null };
  before(async () => {
    it.mock = await startMock({ tls });
    it.parley = await startParley({ mock: it.mock, options, env });
  });
  after(async () => {
    try {
      await it.parley?.dispose();
    } finally {
      await it.mock?.close();
    }
  });
  return it;
}

// The same for one test, with settings of its own.
export async function ownWorld(t, options = {}, { mockOptions = {}, ...rest } = {}) {
  const mock = await startMock(mockOptions);
  t.after(() => mock.close());
  const parley = await startParley({ mock, options, ...rest });
  t.after(() => parley.dispose());
  return { mock, parley };
}
