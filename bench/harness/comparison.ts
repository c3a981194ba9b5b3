/** A comparison of contenders: a concurrency for each by a sweep, rounds, a table with ratios, a file of results and a chart. */
import { errorText } from '../../core/errors/system-error.js';
import type { Bench, Contender } from './contender.js';
import { noiseLine, withNoise, type Noise } from './noise.js';
import { writeResults, type Measured } from './results.js';
import { interleaved, oneRound, prepareAll, type Entrant, type Started } from './rounds.js';
import { summaryOf } from './statistics.js';
import { inTemporaryFolder } from './temporary-folder.js';
import { compiled, toolContext } from './tools.js';

/** What the sweep for the best concurrency tries. */
const CONCURRENCIES = [2, 4, 8, 16, 32, 64, 128];

/** What is measured. */
export interface Comparison {
  /** Name of the workload and of its files. */
  readonly workload: string;
  /** What the figures are, with their unit, for people. */
  readonly title: string;
  readonly unit: string;
  /** Whether more is better. */
  readonly moreIsBetter: boolean;
  readonly contenders: readonly Contender[];
  /** The contender that ratios are to. */
  readonly reference: string;
  readonly rounds: number;
  /** Numbers of jobs at once that the sweep tries. Default: 2 to 128. */
  readonly concurrencies?: readonly number[];
  /** Jobs of one round. */
  readonly jobs: number;
  /** Does the work of one round; returns its figures by name, of which the first is the one that counts. */
  readonly measure: (started: Started, jobs: number) => Promise<Readonly<Record<string, number>>>;
}

/** Runs it and prints; `say` gets each line. Rounds that fail are left out; when there were any it rejects, once the results are written. */
export function compare(comparison: Comparison, say: (line: string) => void): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    const bench: Bench = { folder, stamp: await compiled(toolContext(say), 'stamp'), report: say };
    const ready = await prepareAll(bench, comparison.contenders);
    try {
      const rounds = new Rounds(bench);
      const entrants: Entrant[] = [];
      for (const each of ready) {
        const concurrency = await bestConcurrency(rounds, comparison, each);
        if (concurrency !== null) entrants.push({ ...each, concurrency });
      }
      say(entrants.map(({ name, concurrency }) => `${name}: ${String(concurrency)} at once`).join('; '));
      const measured = new Map(entrants.map(({ name }) => [name, [] as Readonly<Record<string, number>>[]]));
      const noises: Noise[] = [];
      await interleaved(comparison.rounds, entrants, async (entrant, round) => {
        const work = (started: Started) => withNoise(() => comparison.measure(started, comparison.jobs));
        const done = await rounds.run(entrant, work);
        if (done === null) return;
        const { result, noise } = done;
        noises.push(noise);
        measured.get(entrant.name)?.push(result);
        say(`round ${String(round + 1)}  ${entrant.name.padEnd(24)} ${figuresLine(result)}`);
      });
      const results = entrants.flatMap((entrant) => {
        const figures = measured.get(entrant.name) ?? [];
        return figures.length === 0 ? [] : [summarized(entrant, figures)];
      });
      table(comparison, results, say);
      say(`versions: ${results.map(({ name, version }) => `${name} ${version}`).join('; ')}`);
      say(noiseLine(noises));
      say(`written: ${(await writeResults(comparison, results, noises)).join(', ')}`);
      rounds.rejectIfAnyFailed();
    } finally {
      for (const { prepared } of ready) await prepared.stop();
    }
  });
}

/** Rounds, and which of them failed: a job lost or run twice, or a contender that did not go on. */
class Rounds {
  private readonly failures: string[] = [];

  constructor(private readonly bench: Bench) {}

  /** Told what is being done, one line each. */
  get report(): Bench['report'] {
    return this.bench.report;
  }

  /** What `work` gives, `null` when the round fails. */
  async run<T>(entrant: Entrant, work: (started: Started) => Promise<T>): Promise<T | null> {
    try {
      return await oneRound(this.bench, entrant, work);
    } catch (error) {
      const failure = `${entrant.name}, ${String(entrant.concurrency)} at once: ${errorText(error)}`;
      this.failures.push(failure);
      this.bench.report(`failed   ${failure}`);
      return null;
    }
  }

  rejectIfAnyFailed(): void {
    if (this.failures.length > 0) throw new Error(`rounds that failed are left out: ${this.failures.join('; ')}`);
  }
}

/** `null`: no round of the sweep came to its end. */
async function bestConcurrency(
  rounds: Rounds,
  comparison: Comparison,
  each: Omit<Entrant, 'concurrency'>,
): Promise<number | null> {
  const { concurrencies = CONCURRENCIES } = comparison;
  if (concurrencies.length === 1) return concurrencies[0] ?? 1;
  let best: { readonly concurrency: number | null; readonly figure: number } = { concurrency: null, figure: -Infinity };
  for (const concurrency of concurrencies) {
    const jobs = Math.min(1000, Math.max(100, Math.floor(comparison.jobs / 2)));
    const measured = await rounds.run({ ...each, concurrency }, (started) => comparison.measure(started, jobs));
    if (measured === null) continue;
    const [figure = 0] = Object.values(measured);
    const goodness = comparison.moreIsBetter ? figure : -figure;
    rounds.report(
      `sweep    ${each.name.padEnd(24)} ${String(concurrency).padStart(3)} at once: ${round(figure)} ${comparison.unit}`,
    );
    if (goodness > best.figure) best = { concurrency, figure: goodness };
  }
  return best.concurrency;
}

function summarized(
  { name, prepared, concurrency }: Entrant,
  rounds: readonly Readonly<Record<string, number>>[],
): Measured {
  const names = Object.keys(rounds[0] ?? {});
  const figures = Object.fromEntries(names.map((key) => [key, summaryOf(rounds.map((round) => round[key] ?? NaN))]));
  return { name, concurrency, version: prepared.version, durability: prepared.durability, figures };
}

function table({ title, reference }: Comparison, results: readonly Measured[], say: (line: string) => void): void {
  const base = mainOf(results.find(({ name }) => name === reference));
  say(`\n${title}: median (min to max), ratio to ${reference}`);
  for (const each of results) {
    const figures = Object.entries(each.figures).map(
      ([key, { median, min, max }]) => `${key} ${round(median)} (${round(min)} to ${round(max)})`,
    );
    const ratio = base === undefined ? '' : `  ${((mainOf(each) ?? NaN) / base).toFixed(2)} x`;
    say(`${each.name.padEnd(24)} ${figures.join(', ')}${ratio}`);
  }
}

function mainOf(measured: Measured | undefined): number | undefined {
  return measured === undefined ? undefined : Object.values(measured.figures)[0]?.median;
}

function figuresLine(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([key, value]) => `${key} ${round(value)}`)
    .join(', ');
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
