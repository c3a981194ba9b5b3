/** Tests over many seeds. */
import { describe, expect, test } from '@jest/globals';
import { simulate } from './simulation.js';

/** Seeds of one test, so that a run shows how far it is. */
const BATCH = 50;
/** On a busy machine a seed may take a second. */
const TIMEOUT_MS = 180_000;

/** Runs the seeds from `first` on, `count` of them. */
export function seedTests(first: number, count: number): void {
  describe('simulation', () => {
    for (let begin = first; begin < first + count; begin += BATCH) {
      const end = Math.min(begin + BATCH, first + count);
      test(`seeds ${String(begin)} to ${String(end - 1)}`, () => expectClean(begin, end), TIMEOUT_MS);
    }
  });
}

/** Fails, and says how to see more, when a seed from `begin` to before `end` goes wrong. */
export async function expectClean(begin: number, end = begin + 1): Promise<void> {
  for (let seed = begin; seed < end; seed += 1) {
    const { violations } = await simulate(seed);
    expect({ seed, violations, more: `npm run simulate -- --seed ${String(seed)} --print` }).toMatchObject({
      violations: [],
    });
  }
}
