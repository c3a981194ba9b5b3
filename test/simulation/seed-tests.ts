/** Tests over many seeds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { simulate } from './simulation.js';

/** On a busy machine a seed may take a second. */
const TIMEOUT_MS = 900_000;
const PROGRAM = ['--import', './test/support/engines/typescript-loader.mjs', 'test/simulation/main.ts'];

/** Runs the seeds from `first` on, `count` of them, in a process of their own: within the test runner they take two and a half times as long. */
export function seedTests(first: number, count: number): void {
  test(
    `simulation: seeds ${String(first)} to ${String(first + count - 1)}`,
    async () => {
      expect(await run(first, count)).toMatchObject({ code: 0 });
    },
    TIMEOUT_MS,
  );
}

/** What a process says of some seeds. */
async function run(first: number, count: number): Promise<{ readonly said: string; readonly code: number | null }> {
  const seeds = ['--seed', String(first), '--seeds', String(count)];
  const child = spawn(process.execPath, [...PROGRAM, ...seeds], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  return { said, code: child.exitCode };
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
