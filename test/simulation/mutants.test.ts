/** The simulation finds faults: each of a table of deliberate ones makes a seed go wrong. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { MUTANTS, type Mutant } from './mutants.js';

const SIMULATION = 'test/simulation';
const LOADERS = ['test/support/engines/typescript-loader.mjs', `${SIMULATION}/mutant-loader.mjs`];
/** A seed that went wrong, as the simulation prints it. */
const FOUND = /^seed \d+: [A-Z]/;
const MOST_SEEDS = 1000;
/** Seeds of one process. */
const TOGETHER = 50;
const TIMEOUT_MS = 240_000;

describe('simulation', () => {
  test.each(MUTANTS)('finds that $name', (mutant) => find(mutant), TIMEOUT_MS);
});

async function find(mutant: Mutant): Promise<void> {
  let output = '';
  for (let done = 0; done < MOST_SEEDS && !FOUND.test(output); done += TOGETHER) {
    output = await run(mutant, mutant.seed + done);
  }
  expect(output).toMatch(FOUND);
}

async function run(mutant: Mutant, seed: number): Promise<string> {
  const imports = LOADERS.flatMap((path) => ['--import', join(process.cwd(), path)]);
  const seeds = ['--seed', String(seed), '--seeds', String(TOGETHER), '--first'];
  const child = spawn(process.execPath, [...imports, `${SIMULATION}/main.ts`, ...seeds], {
    env: { ...process.env, NODE_OPTIONS: '', SIMULATION_MUTANT: JSON.stringify(mutant) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return textOf(child.stdout);
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
