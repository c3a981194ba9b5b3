/** `MaridError` to gRPC status and back. */
import { randomUUID } from 'node:crypto';
import { Metadata, status as Status } from '@grpc/grpc-js';
import { isMaridError, MaridError, type ErrorCode } from '../../core/errors/marid-error.js';
import type { Logger } from '../../core/ports/logger.js';
import { decodeErrorDetails, encodeErrorDetails } from './error-details.js';
import { safeText } from './safe-text.js';

const DETAILS_KEY = 'grpc-status-details-bin';
const MAX_TEXT_BYTES = 800;

/** A gRPC status as grpc-js sends and receives it. */
export interface RpcStatus {
  readonly code: Status;
  readonly details: string;
  readonly metadata: Metadata;
}

const STATUS_OF: Readonly<Record<ErrorCode, Status>> = {
  INVALID_ARGUMENT: Status.INVALID_ARGUMENT,
  NOT_FOUND: Status.NOT_FOUND,
  ALREADY_EXISTS: Status.ALREADY_EXISTS,
  ETAG_MISMATCH: Status.ABORTED,
  IN_USE: Status.FAILED_PRECONDITION,
  NO_MATCH: Status.FAILED_PRECONDITION,
  NO_OUTPUT: Status.FAILED_PRECONDITION,
  NOT_FAILED: Status.FAILED_PRECONDITION,
  STALE_SESSION: Status.FAILED_PRECONDITION,
  RESOURCE_EXHAUSTED: Status.RESOURCE_EXHAUSTED,
  UNAVAILABLE: Status.UNAVAILABLE,
  WORKER_UNREACHABLE: Status.UNAVAILABLE,
  DEADLINE_EXCEEDED: Status.DEADLINE_EXCEEDED,
  CANCELLED: Status.CANCELLED,
  UNSUPPORTED: Status.UNIMPLEMENTED,
  DATA_LOSS: Status.DATA_LOSS,
  INTERNAL: Status.INTERNAL,
};

/** Codes of statuses that come without our details: from grpc-js itself, a proxy, or a server that is not Marid. */
const CODE_OF: Readonly<Partial<Record<Status, ErrorCode>>> = {
  [Status.INVALID_ARGUMENT]: 'INVALID_ARGUMENT',
  [Status.OUT_OF_RANGE]: 'INVALID_ARGUMENT',
  [Status.NOT_FOUND]: 'NOT_FOUND',
  [Status.ALREADY_EXISTS]: 'ALREADY_EXISTS',
  [Status.ABORTED]: 'ETAG_MISMATCH',
  [Status.RESOURCE_EXHAUSTED]: 'RESOURCE_EXHAUSTED',
  [Status.UNAVAILABLE]: 'UNAVAILABLE',
  [Status.DEADLINE_EXCEEDED]: 'DEADLINE_EXCEEDED',
  // Not by us, or it would not be asked: a server that was stopped by force resets its streams so.
  [Status.CANCELLED]: 'UNAVAILABLE',
  [Status.UNIMPLEMENTED]: 'UNSUPPORTED',
  [Status.DATA_LOSS]: 'DATA_LOSS',
};

/** The status that callers get for an error. */
export function statusOf(error: MaridError): RpcStatus {
  const code = STATUS_OF[error.code];
  const { bytes, leftOut } = encodeErrorDetails(error, code);
  const note = leftOut === 0 ? '' : ` (${leftOut} more violations are left out)`;
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(bytes));
  return { code, details: safeText(error.message, MAX_TEXT_BYTES) + note, metadata };
}

/** The error that a status means. `address` is who was called, for the message. */
export function errorOf(status: RpcStatus, address: string): MaridError {
  const [bytes] = status.metadata.get(DETAILS_KEY);
  const known = Buffer.isBuffer(bytes) ? decodeErrorDetails(bytes) : null;
  const text = safeText(status.details, MAX_TEXT_BYTES * 2);
  if (known !== null) return new MaridError(known.code, text, known);
  return new MaridError(CODE_OF[status.code] ?? 'INTERNAL', foreignText(status.code, text, address));
}

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

function foreignText(code: Status, text: string, address: string): string {
  switch (code) {
    case Status.UNAVAILABLE:
      return `Cannot reach ${address}: ${connectionFailure(text)}`;
    case Status.CANCELLED:
      return `${address} ended the call: ${text}`;
    case Status.DEADLINE_EXCEEDED:
      return `${address} did not answer in time: ${text}`;
    default:
      return `${address} answered ${Status[code]}: ${text}`;
  }
}

/** grpc-js tells a refused connection in three sentences, of which one says why. */
function connectionFailure(text: string): string {
  return /Last error: (?:Error: )?(.*?)\. Resolution note:/.exec(text)?.[1] ?? text;
}
