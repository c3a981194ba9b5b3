/** How absent parts travel: `null` in the domain is the empty text or zero in a message. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Json } from '../../core/registry/resource.js';

/** A text, or `null` for the empty one. */
export function textOrNull(text: string): string | null {
  return text === '' ? null : text;
}

/** A number, or `null` for zero. */
export function numberOrNull(value: number): number | null {
  return value === 0 ? null : value;
}

/** Free facts as a message's field; a copy. */
export function metadataToMessage(metadata: { readonly [key: string]: Json }): JsonObject {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, jsonToMessage(value)]));
}

/** Free facts of a message's field; a copy, empty when absent. */
export function metadataFromMessage(metadata: JsonObject | undefined): { readonly [key: string]: Json } {
  return { ...metadata };
}

/** Revision of an etag that `etagOf` made; 0 for any other text. */
export function revisionOf(etag: string): number {
  return /^[0-9]{1,15}$/.test(etag) ? Number(etag) : 0;
}

function jsonToMessage(value: Json): JsonValue {
  if (value === null || typeof value !== 'object') return value;
  return isList(value) ? value.map(jsonToMessage) : metadataToMessage(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
