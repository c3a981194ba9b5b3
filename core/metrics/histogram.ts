/** Counts of durations by length, for each label. */
import type { Sample } from './metric.js';

interface Counts {
  /** By bound, each counting what is not longer. */
  readonly atMost: number[];
  sum: number;
  count: number;
}

/** Only grows, from the start of the process. */
export class Histogram {
  readonly #counts = new Map<string, Counts>();

  /** `bounds`: ascending, in the unit of what is observed. */
  constructor(
    private readonly label: string,
    private readonly bounds: readonly number[],
  ) {}

  /** Counts one. */
  observe(labelValue: string, value: number): void {
    const counts = this.#counts.get(labelValue) ?? { atMost: this.bounds.map(() => 0), sum: 0, count: 0 };
    this.#counts.set(labelValue, counts);
    for (const [index, bound] of this.bounds.entries()) {
      if (value <= bound) counts.atMost[index] = (counts.atMost[index] ?? 0) + 1;
    }
    counts.sum += value;
    counts.count += 1;
  }

  /** Everything that was counted. */
  samples(): readonly Sample[] {
    return [...this.#counts].flatMap(([labelValue, { atMost, sum, count }]) => {
      const labels = { [this.label]: labelValue };
      const bucket = (le: string, value: number): Sample => ({ suffix: '_bucket', labels: { ...labels, le }, value });
      return [
        ...this.bounds.map((bound, index) => bucket(String(bound), atMost[index] ?? 0)),
        bucket('+Inf', count),
        { suffix: '_sum', labels, value: sum },
        { suffix: '_count', labels, value: count },
      ];
    });
  }
}
