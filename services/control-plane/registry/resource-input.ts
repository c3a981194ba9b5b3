/** Makes an entry of what a caller sent. Pure. */
import type { FieldViolation } from '../../../core/errors/marid-error.js';
import { invalidArgument } from '../../../core/errors/marid-error.js';
import { reservedTag } from '../../../core/matching/criterion.js';
import type { RegistryIndex } from '../../../core/matching/registry-index.js';
import type { Command, Resource, ResourceByKind, ResourceKind } from '../../../core/registry/resource.js';
import { validateResource } from '../../../core/validation/resources.js';

/** The entry with its tags sorted, each once, without those that are implied by its id and name. */
export function normaliseTags<R extends Resource>(resource: R): R {
  const tags = resource.tags.filter((tag) => !isImplied(resource, tag));
  return { ...resource, tags: [...new Set(tags)].sort() };
}

/** Throws `INVALID_ARGUMENT` with everything that is wrong with the entry, its references to other entries included. */
export function checkResource<K extends ResourceKind>(
  kind: K,
  resource: ResourceByKind[K],
  index: RegistryIndex,
): void {
  const violations = [...validateResource(kind, resource, kind), ...unknownApplications(kind, resource, index)];
  if (violations.length > 0) throw invalidArgument(violations);
}

function isImplied(resource: Resource, tag: string): boolean {
  const reserved = reservedTag(tag);
  return reserved !== null && resource[reserved.part] === reserved.value;
}

function unknownApplications(kind: ResourceKind, resource: Resource, index: RegistryIndex): readonly FieldViolation[] {
  if (!isCommand(kind, resource)) return [];
  return resource.applicationIds.flatMap((id, position) =>
    index.get('application', id) !== null
      ? []
      : [
          {
            field: `command.application_ids[${String(position)}]`,
            description: `names application ${JSON.stringify(id.slice(0, 255))}, which is not registered; create it first`,
          },
        ],
  );
}

function isCommand(kind: ResourceKind, resource: Resource): resource is Command {
  return kind === 'command' && 'applicationIds' in resource;
}
