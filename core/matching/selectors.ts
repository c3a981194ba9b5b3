/** How one of several matching entries is chosen. */
import type { Random } from '../ports/random.js';
import type { ResourceBase } from '../registry/resource.js';

/** How busy clusters are. */
export interface LoadView {
  /** Jobs that use the cluster and have not ended. */
  activeJobs(clusterId: string): number;
}

/** At least one entry to choose from. */
export type Candidates<T> = readonly [T, ...T[]];

/** What a choice may look at besides the candidates. */
export interface SelectionContext {
  readonly random: Random;
  /** Load of the candidates; `null` when none is known, as for commands. */
  readonly load: LoadView | null;
}

/** What was chosen, and why in a few words, for example `2 active jobs, fewest of 5`. */
export interface Choice<T> {
  readonly chosen: T;
  readonly rationale: string;
}

/** Chooses one entry. Total: there is always one to choose. */
export interface Selector {
  readonly name: string;
  /** Chooses one of the candidates. */
  select<T extends ResourceBase>(candidates: Candidates<T>, context: SelectionContext): Choice<T>;
}

/** Names of the selectors. */
export const SELECTOR_NAMES = ['random', 'least-loaded', 'weighted'] as const;

/** Name of a selector. */
export type SelectorName = (typeof SELECTOR_NAMES)[number];

/** Each candidate with the same chance. */
const RANDOM: Selector = {
  name: 'random',
  select: (candidates, { random }) => ({
    chosen: pick(candidates, random),
    rationale: candidates.length === 1 ? 'the only one' : `at random of ${candidates.length}`,
  }),
};

/** The cluster with the fewest active jobs, at random among equals; commands, which have no load, at random. */
const LEAST_LOADED: Selector = {
  name: 'least-loaded',
  select: (candidates, context) => {
    const { random, load } = context;
    if (load === null) return RANDOM.select(candidates, context);
    const loads = candidates.map(({ id }) => load.activeJobs(id));
    const fewest = Math.min(...loads);
    const idle = candidates.filter((_, index) => loads[index] === fewest);
    return {
      chosen: pick(orAll(idle, candidates), random),
      rationale: `${fewest} active jobs, fewest of ${candidates.length}`,
    };
  },
};

/**
 * Each candidate with a chance in proportion to the number `weight` of its metadata: default 1, anything but a number of 0 or more counts as
 * 1. Weight 0 is never chosen while another candidate has weight.
 */
const WEIGHTED: Selector = {
  name: 'weighted',
  select: (candidates, context) => {
    const weights = candidates.map(weightOf);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total === 0) return RANDOM.select(candidates, context);
    let rest = context.random.next() * total;
    const at = weights.findIndex((weight) => (rest -= weight) < 0);
    const chosen = candidates[at] ?? heaviest(candidates);
    return { chosen, rationale: `at random of ${candidates.length} with weight ${weightOf(chosen)} of ${total}` };
  },
};

const SELECTORS: Readonly<Record<SelectorName, Selector>> = {
  random: RANDOM,
  'least-loaded': LEAST_LOADED,
  weighted: WEIGHTED,
};

/** The selector of a name. */
export function selectorByName(name: SelectorName): Selector {
  return SELECTORS[name];
}

function pick<T>(candidates: Candidates<T>, random: Random): T {
  return candidates[Math.floor(random.next() * candidates.length)] ?? candidates[0];
}

function orAll<T>(some: readonly T[], all: Candidates<T>): Candidates<T> {
  const [first, ...rest] = some;
  return first === undefined ? all : [first, ...rest];
}

/** For the rounding at the end of the scale: a candidate that surely has weight. */
function heaviest<T extends ResourceBase>(candidates: Candidates<T>): T {
  return candidates.reduce((best, each) => (weightOf(each) > weightOf(best) ? each : best));
}

function weightOf(entry: ResourceBase): number {
  const { weight } = entry.metadata;
  return typeof weight === 'number' && Number.isFinite(weight) && weight >= 0 ? weight : 1;
}
