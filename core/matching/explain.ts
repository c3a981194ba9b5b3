/** Why commands match a request or not. */
import type { JobRequest } from '../job/job.js';
import type { Cluster, Command, Criterion } from '../registry/resource.js';
import { clustersOf, findCandidates } from './candidates.js';
import { ClusterGaps } from './cluster-gaps.js';
import { normaliseCriterion } from './criterion.js';
import type { RegistryIndex } from './registry-index.js';
import { byId } from './kind-index.js';
import { countLacks, reasonsAgainst } from './wording.js';

/** What matching says of one command. */
export interface CommandMatch {
  readonly command: Command;
  /** Whether the command and at least one cluster match. */
  readonly matched: boolean;
  /** Clusters that it could run on, by id. */
  readonly clusters: readonly Cluster[];
  /** Why not, one sentence each without capital and full stop; empty when it matched. */
  readonly reasons: readonly string[];
}

interface Ranked extends CommandMatch {
  /** Parts of the command criterion that it lacks. */
  readonly lacks: number;
}

/** Every command with why it does not match: those that match first, then those that lack least, by id among equals. */
export function explainMatch(index: RegistryIndex, request: JobRequest): readonly CommandMatch[] {
  const candidates = new Map(findCandidates(index, request).map((each) => [each.command.id, each]));
  const criterion = normaliseCriterion(request.commandCriterion);
  const gaps = new ClusterGaps(index, request.clusterCriteria);
  const ranked = index.list('command').map((command): Ranked => {
    const found = candidates.get(command.id);
    if (found === undefined) return { command, matched: false, clusters: [], ...mismatch(command, criterion, gaps) };
    return { command, matched: true, clusters: clustersOf(index, found), reasons: [], lacks: 0 };
  });
  return ranked
    .sort(compare)
    .map(({ command, matched, clusters, reasons }) => ({ command, matched, clusters, reasons }));
}

function mismatch(
  command: Command,
  criterion: Criterion | null,
  gaps: ClusterGaps,
): { readonly reasons: readonly string[]; readonly lacks: number } {
  if (criterion === null) return { reasons: ['the command criterion contradicts itself'], lacks: Infinity };
  const reasons = reasonsAgainst('command', command, criterion);
  if (reasons.length > 0) return { reasons, lacks: countLacks('command', command, criterion) };
  return { reasons: [gaps.of(command).sentence], lacks: 0 };
}

function compare(left: Ranked, right: Ranked): number {
  if (left.matched !== right.matched) return left.matched ? -1 : 1;
  if (left.lacks !== right.lacks) return left.lacks < right.lacks ? -1 : 1;
  return byId(left.command, right.command);
}
