import type { Command, Criterion } from '../registry/resource.js';
import { gapOf } from './closest.js';
import type { Gap } from './closest.js';
import { mergeCriteria } from './criterion.js';
import type { RegistryIndex } from './registry-index.js';

/** Pairs of criteria that are looked at for a command. */
const MOST_PAIRS = 9;
/** Searches for what comes closest, some 50 us each with 1,000 clusters, so that no explanation holds up the process. */
const MOST_SEARCHES = 100;
const UNSEARCHED = 'no cluster matches its cluster criteria and those of the job';

/** Why commands have no cluster for a job's cluster criteria. Lives as long as one explanation; the registry must not change meanwhile. */
export class ClusterGaps {
  readonly #index: RegistryIndex;
  readonly #asked: readonly Criterion[];
  /** Commands often share their criteria: gaps by merged criterion. */
  readonly #known = new Map<string, Gap>();

  constructor(index: RegistryIndex, asked: readonly Criterion[]) {
    this.#index = index;
    this.#asked = asked;
  }

  /** The gap of the pair of criteria that came closest. */
  of(command: Command): Gap {
    if (command.clusterCriteria.length === 0) {
      return { sentence: 'it has no cluster criteria, so that it never matches', lacks: Infinity };
    }
    if (this.#asked.length === 0) return { sentence: 'the job has no cluster criteria', lacks: Infinity };
    if (this.#known.size >= MOST_SEARCHES) return { sentence: UNSEARCHED, lacks: Infinity };
    const merged = this.#pairs(command);
    const gaps = merged.filter((each) => each !== null).map((each) => this.#gapOf(each));
    const [first, ...rest] = gaps;
    if (first === undefined) {
      return { sentence: 'its cluster criteria and those of the job exclude each other', lacks: Infinity };
    }
    return rest.reduce((best, each) => (each.lacks < best.lacks ? each : best), first);
  }

  #pairs(command: Command): readonly (Criterion | null)[] {
    return command.clusterCriteria
      .slice(0, MOST_PAIRS)
      .flatMap((outer) => this.#asked.slice(0, MOST_PAIRS).map((inner) => [outer, inner] as const))
      .slice(0, MOST_PAIRS)
      .map(([outer, inner]) => mergeCriteria(outer, inner));
  }

  #gapOf(criterion: Criterion): Gap {
    const key = JSON.stringify(criterion);
    const gap = this.#known.get(key) ?? gapOf(this.#index.of('cluster'), 'cluster', criterion);
    this.#known.set(key, gap);
    return gap;
  }
}
