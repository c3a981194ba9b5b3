/** Which errors of a claim say that nothing was claimed. */
import { isMaridError, MaridError, type ErrorCode } from '../../../core/errors/marid-error.js';

const DEFINITE: ReadonlySet<ErrorCode> = new Set(['STALE_SESSION', 'INVALID_ARGUMENT', 'NOT_FOUND', 'UNSUPPORTED']);

/** Whether the call was refused; after any other error it may have claimed, and is repeated until the answer is known. */
export function isDefinite(error: unknown): boolean {
  return isMaridError(error) && DEFINITE.has(error.code);
}

/** An answer that came when others may have been given the jobs already: what it says is not known to be so. */
export function tooLate(): MaridError {
  return new MaridError('DEADLINE_EXCEEDED', 'The answer to a claim came after the lease had run out.');
}
