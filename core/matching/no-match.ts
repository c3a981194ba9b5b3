/** What to tell a user whose request matches nothing: what came closest. */
import type { JobRequest } from '../job/job.js';
import type { Command } from '../registry/resource.js';
import { ClusterGaps } from './cluster-gaps.js';
import { gapOf } from './closest.js';
import type { Gap } from './closest.js';
import { normaliseCriterion } from './criterion.js';
import type { RegistryIndex } from './registry-index.js';
import { capitalise, plural, show } from './wording.js';

/** One or two sentences for a request that has no candidates. */
export function sayNoMatch(index: RegistryIndex, request: JobRequest): string {
  const commands = index.matching('command', request.commandCriterion);
  const [first, ...rest] = commands;
  return first === undefined ? sayNoCommand(index, request) : sayNoCluster(index, request, [first, ...rest]);
}

function sayNoCommand(index: RegistryIndex, request: JobRequest): string {
  const criterion = normaliseCriterion(request.commandCriterion);
  if (criterion === null) return 'The command criterion contradicts itself: it asks for two ids or two names.';
  return `${capitalise(gapOf(index.of('command'), 'command', criterion).sentence)}.`;
}

function sayNoCluster(
  index: RegistryIndex,
  request: JobRequest,
  [first, ...rest]: readonly [Command, ...Command[]],
): string {
  const gaps = new ClusterGaps(index, request.clusterCriteria);
  const best = rest.reduce<{ readonly command: Command; readonly gap: Gap }>(
    (closest, command) => {
      const gap = gaps.of(command);
      return gap.lacks < closest.gap.lacks ? { command, gap } : closest;
    },
    { command: first, gap: gaps.of(first) },
  );
  const others = rest.length === 0 ? '' : ` ${sayOthers(rest.length)}`;
  return `Command ${show(best.command.name)} matches, but ${best.gap.sentence}.${others}`;
}

function sayOthers(count: number): string {
  return `${count} other ${plural('command', count)} ${count === 1 ? 'matches' : 'match'} as well, without a cluster either.`;
}
