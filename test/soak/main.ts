/**
 * Runs chaos tests many times: `npm run soak -- [TEST...] --times N`. A file that fails one time in twenty is wrong, and one run of it does not show that. Prints a line for each run and a
 * table of all tests at the end, keeps what failed runs have printed, and exits with 1 when anything failed. Ctrl-C ends it with the table so far.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SoakTally, type TestRun } from './tally.js';

/** What shows that nothing is lost and nothing runs twice. */
const DEFAULT_TESTS = [
  'test/chaos/worker-killed',
  'test/chaos/worker-gone',
  'test/chaos/launcher-killed',
  'test/chaos/network-faults',
  'test/chaos/control-plane-kill',
  'test/chaos/random-faults',
  'test/integration/dispatch',
];
const JEST = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string', default: '20' } },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** One run of a test file: what its tests did, and all that it printed. */
async function run(file: string, folder: string): Promise<{ tests: readonly TestRun[]; output: string }> {
  const report = join(folder, 'report.json');
  await rm(report, { force: true });
  const child = spawn(process.execPath, [...JEST, file, '--json', `--outputFile=${report}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const pieces: Buffer[] = [];
  child.stderr.on('data', (piece: Buffer) => pieces.push(piece));
  await new Promise((resolve) => child.once('close', resolve));
  const output = Buffer.concat(pieces).toString('utf8');
  try {
    return { tests: decodeReport(await readFile(report, 'utf8'), file), output };
  } catch (error) {
    return { tests: [{ name: file, passed: false, ms: 0 }], output: `${output}\n${String(error)}` };
  }
}

async function main(): Promise<void> {
  const tests = positionals.length > 0 ? positionals : DEFAULT_TESTS;
  const folder = await mkdtemp(join(tmpdir(), 'marid-soak-'));
  const tally = new SoakTally();
  let ended = false;
  process.once('SIGINT', () => (ended = true));
  for (let time = 1; time <= Number(values.times); time += 1) {
    for (const file of tests) {
      if (ended) break;
      const { tests: runs, output } = await run(file, folder);
      const seed = /with seed (\d+)/.exec(output)?.[1];
      const failed = runs.filter(({ passed }) => !passed);
      tally.add(runs, seed ?? null);
      const kept = join(folder, `${basename(file)}-${String(time)}.log`);
      if (failed.length > 0) await writeFile(kept, output);
      const result = failed.length === 0 ? 'passed' : `FAILED, see ${kept}`;
      say(`${String(time)}. ${file}${seed === undefined ? '' : ` (seed ${seed})`}: ${result}`);
    }
  }
  say(`\n${tally.table()}`);
  if (tally.failed === 0) await rm(folder, { recursive: true });
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

/** Jest's report; a file that could not be run counts as one test that failed. */
function decodeReport(text: string, file: string): readonly TestRun[] {
  const { testResults } = JSON.parse(text) as {
    readonly testResults: readonly {
      readonly assertionResults: readonly {
        readonly fullName: string;
        readonly status: string;
        readonly duration?: number | null;
      }[];
    }[];
  };
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const ran = all.filter(({ status }) => status === 'passed' || status === 'failed');
  if (ran.length === 0) return [{ name: file, passed: false, ms: 0 }];
  return ran.map(({ fullName, status, duration }) => ({
    name: fullName,
    passed: status === 'passed',
    ms: duration ?? 0,
  }));
}

await main();
