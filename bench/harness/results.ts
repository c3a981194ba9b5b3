/** What a workload leaves behind: a JSON file with all that is needed to judge it, and a chart of a comparison. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { barChart } from './chart.js';
import type { Comparison } from './comparison.js';
import type { Noise } from './noise.js';
import type { Summary } from './statistics.js';
import { benchFile } from './tools.js';

/** One contender's results. */
export interface Measured {
  readonly name: string;
  readonly version: string;
  readonly durability: string;
  readonly concurrency: number;
  /** By name; the first is the one that counts. */
  readonly figures: Readonly<Record<string, Summary>>;
}

/** Writes `bench/results/<workload>.json` and `.svg`; returns their paths. */
export async function writeResults(
  { workload, title, unit, reference, rounds, jobs }: Comparison,
  results: readonly Measured[],
  noise: readonly Noise[],
): Promise<readonly string[]> {
  const json = await writeFigures(workload, { title, unit, reference, rounds, jobs, noise, results });
  const chart = benchFile('results', `${workload}.svg`);
  const bars = results.map(({ name, figures }) => ({
    name,
    ...(Object.values(figures)[0] ?? { median: 0, min: 0, max: 0 }),
  }));
  await writeFile(chart, barChart({ title, unit, bars }));
  return [json, chart];
}

/** Writes `bench/results/<workload>.json` with the machine and what was found, numbers with four digits; returns its path. */
export async function writeFigures(workload: string, found: object): Promise<string> {
  const path = benchFile('results', `${workload}.json`);
  const machine = {
    processors: `${String(cpus().length)} x ${cpus()[0]?.model ?? 'unknown'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
  const short = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  await mkdir(benchFile('results'), { recursive: true });
  await writeFile(path, `${JSON.stringify({ workload, machine, ...found }, short, 2)}\n`);
  return path;
}
