/** The simulation finds faults: each of a table of deliberate ones makes a seed go wrong. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { MUTANTS, type Mutant } from './mutants.js';

const SIMULATION = 'test/simulation';
const LOADERS = ['test/support/engines/typescript-loader.mjs', `${SIMULATION}/mutant-loader.mjs`];
const MOST_SEEDS = 1000;
const TIMEOUT_MS = 240_000;

describe('simulation', () => {
  test.each(MUTANTS)('finds that $name', (mutant) => find(mutant), TIMEOUT_MS);
});

async function find(mutant: Mutant): Promise<void> {
  const imports = LOADERS.flatMap((path) => ['--import', join(process.cwd(), path)]);
  const seeds = ['--seed', String(mutant.seed), '--seeds', String(MOST_SEEDS), '--first'];
  const child = spawn(process.execPath, [...imports, `${SIMULATION}/main.ts`, ...seeds], {
    env: { ...process.env, NODE_OPTIONS: '', SIMULATION_MUTANT: JSON.stringify(mutant) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = await textOf(child.stdout);
  expect(output).toMatch(/^seed \d+: [A-Z]/);
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
