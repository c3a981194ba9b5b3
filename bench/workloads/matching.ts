/** Matching a request against 1,000 clusters and 1,000 commands with 3 criteria on each side, beside a naive scan and beside the bare loop over bit sets. */
import type { JobRequest } from '../../core/job/job.js';
import { BitSet } from '../../core/matching/bit-set.js';
import { mergeCriteria } from '../../core/matching/criterion.js';
import { RegistryIndex } from '../../core/matching/registry-index.js';
import { resolveJob } from '../../core/matching/resolve.js';
import { selectorByName } from '../../core/matching/selectors.js';
import type { Cluster, Command, Criterion, RegistrySnapshot } from '../../core/registry/resource.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { quantile } from '../harness/statistics.js';
import type { Workload } from '../harness/workload.js';
import { registryOfThousands, requestFor } from './registry-of-thousands.js';

/** A naive scan takes milliseconds: fewer requests are enough for it. */
const NAIVE_REQUESTS = 20;

/** Time of one resolution. */
export const MATCHING: Workload = {
  summary: 'one request against 1,000 clusters x 1,000 commands x 3 criteria, beside a naive scan and a bare loop',
  run: async ({ jobs = 5000 }) => {
    const snapshot = registryOfThousands();
    const index = RegistryIndex.of(snapshot);
    const selector = selectorByName('random');
    const random = new SystemRandom();
    const options = { index, commandSelector: selector, clusterSelector: selector, random };
    const defaults = { memoryMb: 1500, timeoutMs: 60_000 };
    const load = { activeJobs: () => 0 };
    const resolve = (request: JobRequest): boolean =>
      resolveJob({ ...options, request, defaults, load }).kind === 'matched';
    for (let n = 0; n < jobs; n += 1) resolve(requestFor(n)); // warm
    const marid = timed(jobs, resolve);
    const naive = timed(NAIVE_REQUESTS, (request) => naiveMatch(snapshot, request));
    const bare = timed(jobs, bareLoop(snapshot));
    const p50 = (times: readonly number[]): number => quantile(times, 0.5);
    const ms = (value: number): string => `${value.toFixed(4)} ms`;
    console.log(`Marid          p50 ${ms(p50(marid))}, p99 ${ms(quantile(marid, 0.99))}`);
    console.log(`naive scan     p50 ${ms(p50(naive))}  ${(p50(naive) / p50(marid)).toFixed(0)} x Marid`);
    console.log(`bare bit sets  p50 ${ms(p50(bare))}  ${(p50(bare) / p50(marid)).toFixed(2)} x Marid`);
  },
};

function timed(count: number, match: (request: JobRequest) => boolean): readonly number[] {
  return Array.from({ length: count }, (_, n) => {
    const request = requestFor(n);
    const started = performance.now();
    if (!match(request)) throw new Error('the request has a cluster');
    return performance.now() - started;
  });
}

/** What one writes first: every command, every pair of criteria, every cluster. */
function naiveMatch({ commands, clusters }: RegistrySnapshot, request: JobRequest): boolean {
  const found: (readonly [Command, readonly Cluster[]])[] = [];
  for (const command of commands) {
    if (!has(command, request.commandCriterion) || command.status !== 'ACTIVE') continue;
    const matching = firstPairOf(command, request, clusters);
    if (matching.length > 0) found.push([command, matching]);
  }
  return found.length > 0;
}

function firstPairOf(command: Command, request: JobRequest, clusters: readonly Cluster[]): readonly Cluster[] {
  for (const own of command.clusterCriteria) {
    for (const asked of request.clusterCriteria) {
      const merged = mergeCriteria(own, asked);
      const matching = clusters.filter((cluster) => cluster.status === 'UP' && merged !== null && has(cluster, merged));
      if (matching.length > 0) return matching;
    }
  }
  return [];
}

function has({ id, name, version, tags }: Cluster | Command, criterion: Criterion): boolean {
  return (
    (criterion.id === null || criterion.id === id) &&
    (criterion.name === null || criterion.name === name) &&
    (criterion.version === null || criterion.version === version) &&
    criterion.tags.every((tag) => tags.includes(tag))
  );
}

/** The least work: the sets are there, each candidate's pairs are met in a loop, nothing is said. */
function bareLoop({ clusters, commands }: RegistrySnapshot): (request: JobRequest) => boolean {
  const sets = new Map<string, BitSet>();
  const add = (tag: string, slot: number): void => {
    const set = sets.get(tag) ?? new BitSet();
    sets.set(tag, set);
    set.add(slot);
  };
  clusters.forEach(({ tags }, slot) => tags.forEach((tag) => add(tag, slot)));
  const byClient = grouped(commands);
  const nothing = new BitSet();
  const setOf = ({ tags }: Criterion): BitSet =>
    tags.map((tag) => sets.get(tag) ?? nothing).reduce((left, right) => left.and(right));
  const own = new Map(commands.map((command) => [command, command.clusterCriteria.map(setOf)]));
  return (request) => {
    const asked = request.clusterCriteria.map(setOf);
    const candidates = byClient.get(request.commandCriterion.tags[0] ?? '') ?? [];
    return (
      candidates.filter((command) => own.get(command)?.some((set) => asked.some((other) => set.meets(other)))).length >
      0
    );
  };
}

function grouped(commands: readonly Command[]): ReadonlyMap<string, readonly Command[]> {
  const groups = new Map<string, Command[]>();
  for (const command of commands) {
    const tag = command.tags[0] ?? '';
    groups.set(tag, [...(groups.get(tag) ?? []), command]);
  }
  return groups;
}
