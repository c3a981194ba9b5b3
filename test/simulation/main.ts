/**
 * Runs simulations: `npm run simulate -- --seeds N --seed S`. Prints what is wrong, and with `--print` the history of the last seed, with `--job ID` only of that job, with
 * `--log` the log lines of the code under test as well. Exits with 1 when something is wrong.
 */
import { parseArgs } from 'node:util';
import { simulate, type SimulationResult } from './simulation.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    job: { type: 'string' },
    print: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
  },
});

/** Violations printed of a seed: more of them say no more. */
const SHOWN = 8;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<void> {
  const first = Number(values.seed);
  const bad: SimulationResult[] = [];
  const began = performance.now();
  let last: SimulationResult | null = null;
  for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
    last = await simulate(seed, values.log ? say : null);
    if (last.violations.length === 0) continue;
    bad.push(last);
    say(`seed ${String(seed)}: ${last.violations.slice(0, SHOWN).join('\n  ')}`);
    if (values.first) break;
  }
  if (values.print || values.job !== undefined) say(last?.history.print(values.job ?? null) ?? '');
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(
    `${String(bad.length)} of ${values.seeds} seeds went wrong, in ${seconds} s; the last hash is ${last?.history.hash ?? ''}`,
  );
  process.exitCode = bad.length === 0 ? 0 : 1;
}

await main();
