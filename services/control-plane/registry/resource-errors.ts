/** Errors about registry entries; each names the entry and the remedy. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { ResourceKind } from '../../../core/registry/resource.js';

/** There is no such entry. */
export function resourceNotFound(kind: ResourceKind, id: string): MaridError {
  return new MaridError('NOT_FOUND', `There is no ${kind} ${id}.`, { facts: factsOf(kind, id) });
}

/** The id is taken. */
export function resourceExists(kind: ResourceKind, id: string): MaridError {
  const message = `There is a ${kind} ${id} already; update it, or choose another id.`;
  return new MaridError('ALREADY_EXISTS', message, { facts: factsOf(kind, id) });
}

/** Somebody else wrote in between. */
export function etagMismatch(kind: ResourceKind, id: string, current: string): MaridError {
  const message = `The ${kind} ${id} was changed by somebody else; read it again and repeat the change.`;
  return new MaridError('ETAG_MISMATCH', message, { facts: { ...factsOf(kind, id), etag: current } });
}

/** The entry cannot be deleted. */
export function resourceInUse(kind: ResourceKind, id: string, by: string): MaridError {
  const message = `The ${kind} ${id} cannot be deleted: ${by}.`;
  return new MaridError('IN_USE', message, { facts: factsOf(kind, id) });
}

/** Too many writers at once. */
export function resourceBusy(kind: ResourceKind, id: string): MaridError {
  return new MaridError('UNAVAILABLE', `The ${kind} ${id} is changed by too many at once; try again.`);
}

function factsOf(kind: ResourceKind, id: string): Readonly<Record<string, string>> {
  return { kind, id };
}
