/** What a comparison leaves behind: a JSON file with all that is needed to judge it, and a chart. */
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
  await mkdir(benchFile('results'), { recursive: true });
  const paths = [benchFile('results', `${workload}.json`), benchFile('results', `${workload}.svg`)] as const;
  const machine = {
    processors: `${String(cpus().length)} x ${cpus()[0]?.model ?? 'unknown'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
  const document = { workload, title, unit, reference, rounds, jobs, machine, noise, results };
  await writeFile(paths[0], `${JSON.stringify(document, null, 2)}\n`);
  const bars = results.map(({ name, figures }) => ({
    name,
    ...(Object.values(figures)[0] ?? { median: 0, min: 0, max: 0 }),
  }));
  await writeFile(paths[1], barChart({ title, unit, bars }));
  return paths;
}
