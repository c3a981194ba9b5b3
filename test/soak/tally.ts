/** Counts of tests that are run many times. */

/** One run of one test. */
export interface TestRun {
  /** With the names of what it describes. */
  readonly name: string;
  readonly passed: boolean;
  /** Duration. */
  readonly ms: number;
}

interface Count {
  passed: number;
  readonly ms: number[];
  readonly failedSeeds: string[];
}

/** Of every test: how often it ran, passed and failed, how long it took, and the seeds of those that failed. */
export class SoakTally {
  readonly #counts = new Map<string, Count>();

  /** Runs that have failed. */
  get failed(): number {
    return [...this.#counts.values()].reduce((sum, { ms, passed }) => sum + ms.length - passed, 0);
  }

  /** Counts the tests of one run; `seed`: what its choices came from, if it has chosen any. */
  add(runs: readonly TestRun[], seed: string | null): void {
    for (const { name, passed, ms } of runs) {
      const count = this.#counts.get(name) ?? { passed: 0, ms: [], failedSeeds: [] };
      this.#counts.set(name, count);
      count.ms.push(ms);
      if (passed) count.passed += 1;
      else if (seed !== null) count.failedSeeds.push(seed);
    }
  }

  /** For people. */
  table(): string {
    const rows = [...this.#counts].map(([name, { ms, passed, failedSeeds }]) => {
      const sorted = ms.toSorted((a, b) => a - b);
      const [median, longest] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
      const failed = String(ms.length - passed);
      return [String(passed), failed, seconds(median), seconds(longest), failedSeeds.join(',') || '-', name];
    });
    return align([['passed', 'failed', 'median s', 'longest s', 'failed seeds', 'test'], ...rows]);
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}
