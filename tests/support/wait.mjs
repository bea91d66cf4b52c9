// Waiting for conditions. Nothing here measures: the bound is only there to end
// a test that hangs, and is generous enough for a sanitizer on a busy machine.

export const hangLimit = Number(process.env.PARLEY_E2E_HANG_MS ?? 60_000);

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Polls until `condition()` is truthy and returns that value.
export async function until(condition, what, { every = 10, limit = hangLimit } = {}) {
  const end = performance.now() + limit;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`hangs: ${what} did not happen`);
    await pause(every);
  }
}

export async function within(promise, what, limit = hangLimit) {
  let timer;
  const hung = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs: ${what} did not happen`)), limit);
  });
  try {
    return await Promise.race([promise, hung]);
  } finally {
    clearTimeout(timer);
  }
}

// A seeded generator of numbers in [0, 1), so that a failing run can be had
// again: mulberry32.
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function seedFromEnvironment(t) {
  const seed = Number(process.env.PARLEY_E2E_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`PARLEY_E2E_SEED=${seed}`);
  return seed;
}
