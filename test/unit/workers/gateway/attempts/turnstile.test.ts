import { describe, expect, test } from '@jest/globals';
import { Turnstile } from '../../../../../workers/gateway/attempts/turnstile.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets so many come at once; how many have passed after each turn of the event loop. */
async function passing(turnstile: Turnstile, count: number): Promise<readonly number[]> {
  const passed: number[] = [];
  const all = Promise.all(Array.from({ length: count }, (_, index) => turnstile.pass().then(() => passed.push(index))));
  const counts: number[] = [];
  while (passed.length < count) {
    await turn();
    counts.push(passed.length);
  }
  await all;
  expect(passed).toEqual(passed.map((_, index) => index));
  return counts;
}

/** Whether the next one passes without a turn of the event loop. */
async function passesAtOnce(turnstile: Turnstile): Promise<boolean> {
  let passed = false;
  void turnstile.pass().then(() => (passed = true));
  await Promise.resolve();
  return passed;
}

describe('Turnstile', () => {
  test('lets one pass at once', async () => {
    expect(await passesAtOnce(new Turnstile())).toBe(true);
  });

  test('lets the first of many pass at once, the others four in a turn, in their order', async () => {
    const counts = await passing(new Turnstile(), 11);
    expect(counts[0]).toBeLessThanOrEqual(5);
    const steps = counts.slice(1).map((count, index) => count - (counts[index] ?? 0));
    expect(Math.max(...steps)).toBe(4);
  });

  test('is open again after everybody has passed', async () => {
    const turnstile = new Turnstile();
    await passing(turnstile, 5);
    await turn();
    expect(await passesAtOnce(turnstile)).toBe(true);
    expect((await passing(turnstile, 2))[0]).toBeGreaterThanOrEqual(1);
  });
});
