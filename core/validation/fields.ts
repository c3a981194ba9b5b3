/** Checks of fields that several messages share. Each answers what is wrong, one sentence, or `null`. */
import type { Json } from '../registry/resource.js';
import { idProblem } from './ids.js';
import { LIMITS } from './limits.js';
import { byteLength, hasControlCharacters, hasNul, isLongerThan, quote } from './text.js';
import type { Violations } from './violations.js';

/** A name on one line that has to be given: 1 to 255 characters, not blank, no control characters. */
export function requiredLabelProblem(text: string): string | null {
  if (text.trim() === '') return `is empty; give 1 to ${LIMITS.nameCharacters} characters`;
  return optionalLabelProblem(text);
}

/** A name on one line that may be empty. */
export function optionalLabelProblem(text: string): string | null {
  if (isLongerThan(text, LIMITS.nameCharacters))
    return `is longer than ${LIMITS.nameCharacters} characters; shorten it`;
  return hasControlCharacters(text) ? 'has control characters, such as line breaks; remove them' : null;
}

/** Free text of any number of lines. */
export function textProblem(text: string, most: number): string | null {
  if (isLongerThan(text, most)) return `is longer than ${most} characters; shorten it`;
  return hasNul(text) ? 'has a NUL character; remove it' : null;
}

/** A tag: 1 to 255 characters, not blank, no control characters. */
export function tagProblem(tag: string): string | null {
  if (tag.trim() === '') return `is empty; a tag has 1 to ${LIMITS.tagCharacters} characters`;
  if (isLongerThan(tag, LIMITS.tagCharacters)) return `is longer than ${LIMITS.tagCharacters} characters; shorten it`;
  return hasControlCharacters(tag) ? 'has control characters, such as line breaks; remove them' : null;
}

/** Free facts: plain JSON of at most 16 KiB. */
export function metadataProblem(metadata: Json): string | null {
  const bytes = jsonBytes(metadata);
  if (bytes === null) return 'cannot be written as JSON; give plain values that are nested less deeply';
  if (bytes <= LIMITS.metadataBytes) return null;
  return `has ${bytes} bytes as JSON; at most ${LIMITS.metadataBytes} are allowed`;
}

/** MiB to reserve; `null`: not given. */
export function memoryProblem(memoryMb: number | null): string | null {
  if (memoryMb === null) return null;
  if (Number.isInteger(memoryMb) && memoryMb >= 1 && memoryMb <= LIMITS.memoryMb) return null;
  return `is ${memoryMb}; it must be 1 to ${LIMITS.memoryMb} MiB, or 0 for the default`;
}

/** Notes what is wrong with a list of application ids: each an id, none twice. */
export function checkApplicationIds(violations: Violations, field: string, ids: readonly string[]): void {
  const seen = new Set<string>();
  violations.addEach(field, ids, LIMITS.applications, (id) => {
    if (seen.has(id)) return `is ${quote(id)} again; name each application once`;
    seen.add(id);
    return idProblem(id);
  });
}

/** Bytes as JSON; `null` when it is no JSON or nested too deeply for the engine. */
function jsonBytes(value: Json): number | null {
  try {
    return byteLength(JSON.stringify(value));
  } catch {
    return null;
  }
}
