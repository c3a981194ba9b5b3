/** Every workload one after the other, each in a process of its own, with sizes that end in about 40 minutes on a quiet machine with two cores. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { writeFigures } from '../harness/results.js';
import { KEPT_IN, temporaryFolder } from '../harness/temporary-folder.js';
import type { BenchOptions } from '../harness/workload.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** Rounds of each contender where no other number is asked for. */
export const ROUNDS = 5;
/** A workload that takes longer hangs. */
const LIMIT_MS = 45 * 60_000;

/** What runs, the quick ones first. */
const RUNS: readonly (readonly [string, ...string[]])[] = [
  ['matching'],
  ['staging'],
  ['heap'],
  ['submit'],
  ['follow'],
  ['kill'],
  ['workers'],
  ['overview', '--jobs', '1000'],
  ['growth', '--jobs', '1000', '--workers', '200'],
  ['stored', '--jobs', '100000'],
  ['listing', '--jobs', '200000'],
  ['start', '--jobs', '60'],
  ['jobs', '--jobs', '1000'],
];

/** Runs all; a workload that fails does not end the others. Resolves with the names of those that failed. */
export async function runAll({ rounds = ROUNDS }: Pick<BenchOptions, 'rounds'>): Promise<readonly string[]> {
  const { path, remove } = await temporaryFolder();
  const failed = await runIn(path, rounds);
  if (failed.length === 0) await remove();
  else console.log(`files and logs stay in ${path}`); // errors name them
  return failed;
}

async function runIn(folder: string, rounds: number): Promise<readonly string[]> {
  const runs: { workload: string; seconds: number; failed: boolean }[] = [];
  for (const [workload, ...args] of RUNS) {
    console.log(`\n== ${[workload, ...args].join(' ')}`);
    const started = performance.now();
    const failed = !(await ends([workload, ...args, '--rounds', String(rounds)], folder));
    const seconds = Math.round((performance.now() - started) / 1000);
    runs.push({ workload, seconds, failed });
    console.log(`== ${workload} ${failed ? 'FAILED' : 'ended'} after ${String(seconds)} s`);
  }
  const failed = runs.filter((run) => run.failed).map(({ workload }) => workload);
  const total = runs.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`\n${runs.map(({ workload, seconds }) => `${workload} ${String(seconds)} s`).join(', ')}`);
  console.log(`${String(total)} s in all; ${failed.length === 0 ? 'none failed' : `failed: ${failed.join(', ')}`}`);
  console.log(`written: ${await writeFigures('all', { rounds, runs })}`);
  return failed;
}

function ends(args: readonly string[], folder: string): Promise<boolean> {
  const env = { ...process.env, [KEPT_IN]: folder };
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'inherit', timeout: LIMIT_MS, env });
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));
}
