/** What callers may know of a failure. */
import { randomUUID } from 'node:crypto';
import { isMaridError, MaridError } from '../../core/errors/marid-error.js';
import type { Logger } from '../../core/ports/logger.js';

/** What callers may know of a caught value: a `MaridError` as it is, anything else as `INTERNAL` with an id that leads to the log. */
export function publicError(
  error: unknown,
  options: { readonly logger: Logger; readonly method: string; readonly peer: string },
): MaridError {
  const { logger, method, peer } = options;
  if (isMaridError(error)) {
    if (error.cause !== undefined || error.code === 'INTERNAL') logger.warn({ error, method, peer }, 'call failed');
    return error;
  }
  const requestId = randomUUID();
  logger.error({ error, requestId, method, peer }, 'call failed unexpectedly');
  return new MaridError('INTERNAL', 'internal error', { facts: { request_id: requestId } });
}
