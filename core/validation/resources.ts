/** What is wrong with an entry of the registry. */
import type { FieldViolation } from '../errors/marid-error.js';
import { reservedTag } from '../matching/criterion.js';
import { APPLICATION_STATUSES, CLUSTER_STATUSES, COMMAND_STATUSES } from '../registry/resource.js';
import type { Command, Resource, ResourceKind } from '../registry/resource.js';
import { checkClusterCriteria } from './criteria.js';
import {
  checkApplicationIds,
  memoryProblem,
  metadataProblem,
  optionalLabelProblem,
  requiredLabelProblem,
  tagProblem,
  textProblem,
} from './fields.js';
import { idProblem } from './ids.js';
import { LIMITS } from './limits.js';
import { checkEnvironment, checkExecutable } from './program.js';
import { quote } from './text.js';
import { archiveProblem, uriProblem } from './uris.js';
import { Violations } from './violations.js';

const STATUSES: Readonly<Record<ResourceKind, readonly string[]>> = {
  application: APPLICATION_STATUSES,
  command: COMMAND_STATUSES,
  cluster: CLUSTER_STATUSES,
};

/**
 * Everything that is wrong with an entry, with paths in proto field names below `path`, for example `command.executable[0]`; empty
 * when nothing is. Never throws.
 */
export function validateResource(kind: ResourceKind, resource: Resource, path: string): readonly FieldViolation[] {
  const violations = new Violations();
  checkBase(violations, path, resource);
  violations.add(`${path}.status`, statusProblem(kind, resource.status));
  if ('type' in resource) violations.add(`${path}.type`, optionalLabelProblem(resource.type));
  if ('executable' in resource) checkCommand(violations, path, resource);
  return violations.found;
}

function checkBase(violations: Violations, path: string, resource: Resource): void {
  violations.add(`${path}.id`, idProblem(resource.id));
  violations.add(`${path}.name`, requiredLabelProblem(resource.name));
  violations.add(`${path}.user`, requiredLabelProblem(resource.user));
  violations.add(`${path}.version`, requiredLabelProblem(resource.version));
  violations.add(`${path}.description`, textProblem(resource.description, LIMITS.descriptionCharacters));
  violations.add(`${path}.metadata`, metadataProblem(resource.metadata));
  violations.addEach(`${path}.tags`, resource.tags, LIMITS.tags, (tag) => entryTagProblem(tag, resource));
  violations.addEach(`${path}.configs`, resource.configs, LIMITS.uris, uriProblem);
  violations.addEach(`${path}.dependencies`, resource.dependencies, LIMITS.uris, uriProblem);
  violations.addEach(`${path}.unpack`, resource.unpack ?? [], LIMITS.uris, archiveProblem);
  if (resource.setupFile !== null) violations.add(`${path}.setup_file`, uriProblem(resource.setupFile));
  checkEnvironment(violations, `${path}.environment`, resource.environment ?? {});
}

function checkCommand(violations: Violations, path: string, command: Command): void {
  checkExecutable(violations, `${path}.executable`, command.executable);
  checkClusterCriteria(violations, `${path}.cluster_criteria`, command.clusterCriteria);
  checkApplicationIds(violations, `${path}.application_ids`, command.applicationIds);
  violations.add(`${path}.memory_mb`, memoryProblem(command.memoryMb));
}

function statusProblem(kind: ResourceKind, status: string): string | null {
  const known = STATUSES[kind];
  return known.includes(status) ? null : `is ${quote(status)}; it must be one of ${known.join(', ')}`;
}

/** Every entry carries the tags that stand for its id and name by itself: given, they have to be true. */
function entryTagProblem(tag: string, resource: Resource): string | null {
  const reserved = reservedTag(tag);
  if (reserved === null) return tagProblem(tag);
  if (resource[reserved.part] === reserved.value) return null;
  return `is ${quote(tag)}, but the ${reserved.part} is ${quote(resource[reserved.part])}; leave this tag out, it is implied`;
}
