/** Which commands and clusters match a request. */
import type { JobRequest } from '../job/job.js';
import type { Cluster, Command } from '../registry/resource.js';
import type { BitSet } from './bit-set.js';
import { DEFAULT_STATUS } from './criterion.js';
import type { Found } from './kind-index.js';
import type { RegistryIndex } from './registry-index.js';

/** A command that has at least one cluster, with the pair of criteria that found it. */
export interface Candidate {
  readonly command: Command;
  /** Which of the command's cluster criteria matched, from 0. */
  readonly commandCriterion: number;
  /** Which of the job's cluster criteria it was combined with, from 0. */
  readonly jobCriterion: number;
  /** What matches both criteria, if it is in each of these sets. */
  readonly sets: PairSets;
}

/** Answers of the two criteria and, when neither names a status, the entries of the default one. */
type PairSets = readonly [BitSet, BitSet, BitSet];

/**
 * Every command that matches the command criterion and has a cluster, by id. The command's cluster criteria are walked in order, for each
 * the job's in order; the first pair that matches a cluster fixes the command's clusters.
 */
export function findCandidates(index: RegistryIndex, request: JobRequest): readonly Candidate[] {
  const clusters = index.of('cluster');
  const asked = request.clusterCriteria.map((criterion) => clusters.find(criterion));
  const up = clusters.having('status', DEFAULT_STATUS.cluster);
  const candidates: Candidate[] = [];
  for (const command of index.matching('command', request.commandCriterion)) {
    const own = command.clusterCriteria.map((criterion) => clusters.find(criterion));
    const candidate = firstPair(command, own, asked, up);
    if (candidate !== null) candidates.push(candidate);
  }
  return candidates;
}

/** The clusters of a candidate, at least one, by id. The index must not have changed since the candidate was found. */
export function clustersOf(index: RegistryIndex, { sets: [own, asked, status] }: Candidate): readonly Cluster[] {
  return index.of('cluster').entries(own.and(asked).and(status));
}

function firstPair(command: Command, own: readonly Found[], asked: readonly Found[], up: BitSet): Candidate | null {
  for (const [commandCriterion, left] of own.entries()) {
    for (const [jobCriterion, right] of asked.entries()) {
      const sets = pairSets(left, right, up);
      if (sets[0].meets(sets[1], sets[2])) return { command, commandCriterion, jobCriterion, sets };
    }
  }
  return null;
}

/**
 * What the merge of two criteria matches is what both match: scalars that conflict have no entry in common, so that an intersection
 * drops them as well. The default status is asked for only if neither names one.
 */
function pairSets(left: Found, right: Found, defaultStatus: BitSet): PairSets {
  return [left.slots, right.slots, left.statusGiven || right.statusGiven ? right.slots : defaultStatus];
}
