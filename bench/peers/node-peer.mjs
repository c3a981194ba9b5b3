/**
 * What the peers in Node share: ids in on standard input, a line each, out again once the peer has them durably; and the job itself, with a folder and output files of its
 * own, as Marid gives it. Settings come in the environment: BENCH_FOLDER, BENCH_STAMP, BENCH_LEDGER, BENCH_URL, BENCH_CONCURRENCY, BENCH_MODULES.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { BENCH_FOLDER, BENCH_STAMP, BENCH_LEDGER, BENCH_MODULES } = process.env;

/** Where the peer's server is, and how many jobs may run at once. */
export const url = process.env.BENCH_URL;
export const concurrency = Number(process.env.BENCH_CONCURRENCY);

/** A package of the peer's own folder. */
export const load = createRequire(`${BENCH_MODULES}/package.json`);

/** Runs one job to its end; rejects when it fails. */
export function runJob(id) {
  const folder = `${BENCH_FOLDER}/${id}`;
  mkdirSync(folder, { recursive: true }); // a job that is run again has one
  const files = [openSync(`${folder}/stdout`, 'w'), openSync(`${folder}/stderr`, 'w')];
  const child = spawn(BENCH_STAMP, [BENCH_LEDGER, id], { cwd: folder, stdio: ['ignore', ...files] });
  files.forEach(closeSync);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}`))));
  });
}

/** Says that the peer is ready, and submits each id that comes. Ends with the input. */
export function serve(submit) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (id) => {
    await submit(id);
    process.stdout.write(`${id}\n`);
  });
  lines.once('close', () => process.exit(0));
  process.stdout.write('ready\n');
}
