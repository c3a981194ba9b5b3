/** Which commands and clusters match a request. */
import type { JobRequest } from '../job/job.js';
import type { Cluster, Command } from '../registry/resource.js';
import type { BitSet } from './bit-set.js';
import { DEFAULT_STATUS } from './criterion.js';
import type { Found } from './kind-index.js';
import type { RegistryIndex } from './registry-index.js';

/** A command with the clusters that it could run on. */
export interface Candidate {
  readonly command: Command;
  /** At least one, by id. */
  readonly clusters: readonly Cluster[];
  /** Which of the command's cluster criteria matched, from 0. */
  readonly commandCriterion: number;
  /** Which of the job's cluster criteria it was combined with, from 0. */
  readonly jobCriterion: number;
}

/**
 * Every command that matches the command criterion and has a cluster, by id. The command's cluster criteria are walked in order, for each
 * the job's in order; the first pair that matches a cluster fixes the command's clusters.
 */
export function findCandidates(index: RegistryIndex, request: JobRequest): readonly Candidate[] {
  const asked = request.clusterCriteria.map((criterion) => index.of('cluster').find(criterion));
  return index.matching('command', request.commandCriterion).flatMap((command) => candidateOf(index, command, asked));
}

/** The command's candidate, or none. */
function candidateOf(index: RegistryIndex, command: Command, asked: readonly Found[]): readonly Candidate[] {
  const clusters = index.of('cluster');
  for (const [commandCriterion, criterion] of command.clusterCriteria.entries()) {
    const own = clusters.find(criterion);
    for (const [jobCriterion, each] of asked.entries()) {
      const slots = both(own, each, clusters.having('status', DEFAULT_STATUS.cluster));
      if (!slots.isEmpty) return [{ command, clusters: clusters.entries(slots), commandCriterion, jobCriterion }];
    }
  }
  return [];
}

/**
 * What the merge of two criteria matches: scalars that conflict have nothing in common, so that an intersection drops them as well;
 * the default status holds only if neither names one.
 */
function both(left: Found, right: Found, defaultStatus: BitSet): BitSet {
  const slots = left.slots.and(right.slots);
  return left.statusGiven || right.statusGiven ? slots : slots.and(defaultStatus);
}
