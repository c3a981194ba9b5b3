/** Which errors of a claim say that nothing was claimed. */
import { isMaridError, type ErrorCode } from '../../../core/errors/marid-error.js';

const DEFINITE: ReadonlySet<ErrorCode> = new Set(['STALE_SESSION', 'INVALID_ARGUMENT', 'NOT_FOUND', 'UNSUPPORTED']);

/** Whether the call was refused; after any other error it may have claimed, and is repeated until the answer is known. */
export function isDefinite(error: unknown): boolean {
  return isMaridError(error) && DEFINITE.has(error.code);
}
