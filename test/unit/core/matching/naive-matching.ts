/** Matching as its definition says, by scanning everything: slow, and simple enough to be believed. */
import type { JobRequest } from '../../../../core/job/job.js';
import type { Cluster, Command, Criterion, RegistrySnapshot, Resource } from '../../../../core/registry/resource.js';

const SCALARS = ['id', 'name', 'version', 'status'] as const;

/** Ids of the clusters of each matching command, in the order of ids. */
export function matchByScan(snapshot: RegistrySnapshot, request: JobRequest): Record<string, readonly string[]> {
  const commands = snapshot.commands
    .filter((command) => matches(command, request.commandCriterion, 'ACTIVE'))
    .map((command) => [command.id, clustersOf(command, snapshot.clusters, request).sort()] as const)
    .filter(([, clusters]) => clusters.length > 0);
  return Object.fromEntries(commands.sort());
}

function clustersOf(command: Command, clusters: readonly Cluster[], request: JobRequest): string[] {
  for (const outer of command.clusterCriteria) {
    for (const inner of request.clusterCriteria) {
      const merged = merge(outer, inner);
      const found = merged === null ? [] : clusters.filter((cluster) => matches(cluster, merged, 'UP'));
      if (found.length > 0) return found.map(({ id }) => id);
    }
  }
  return [];
}

function merge(outer: Criterion, inner: Criterion): Criterion | null {
  if (SCALARS.some((part) => outer[part] && inner[part] && outer[part] !== inner[part])) return null;
  return {
    id: outer.id ?? inner.id,
    name: outer.name ?? inner.name,
    version: outer.version ?? inner.version,
    status: outer.status ?? inner.status,
    tags: [...outer.tags, ...inner.tags],
  };
}

function matches(entry: Resource, criterion: Criterion, defaultStatus: string): boolean {
  const implied = ['marid', 'genie'].flatMap((prefix) => [`${prefix}.id:${entry.id}`, `${prefix}.name:${entry.name}`]);
  const carried = [...entry.tags, ...implied];
  const asked = { ...criterion, status: criterion.status ?? defaultStatus };
  return (
    SCALARS.every((part) => asked[part] === null || asked[part] === entry[part]) &&
    criterion.tags.every((tag) => carried.includes(tag))
  );
}
