/** `MaridError` to gRPC status and back. */
import { Metadata, status as Status } from '@grpc/grpc-js';
import { MaridError, type ErrorCode } from '../../core/errors/marid-error.js';
import { decodeErrorDetails, encodeErrorDetails, GRPC_CODES, messageOf } from '../../proto/rpc/error-details.js';
import { safeText } from '../../proto/rpc/safe-text.js';

const DETAILS_KEY = 'grpc-status-details-bin';
const MAX_TEXT_BYTES = 1600;

/** A gRPC status as grpc-js sends and receives it. */
export interface RpcStatus {
  readonly code: Status;
  readonly details: string;
  readonly metadata: Metadata;
}

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
  const { bytes, leftOut } = encodeErrorDetails(error);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(bytes));
  return { code: GRPC_CODES[error.code], details: messageOf(error, leftOut), metadata };
}

/** The error that a status means. `address` is who was called, for the message. */
export function errorOf(status: RpcStatus, address: string): MaridError {
  const [bytes] = status.metadata.get(DETAILS_KEY);
  const known = Buffer.isBuffer(bytes) ? decodeErrorDetails(bytes) : null;
  const text = safeText(status.details, MAX_TEXT_BYTES);
  if (known !== null) return new MaridError(known.code, text, known);
  return new MaridError(CODE_OF[status.code] ?? 'INTERNAL', foreignText(status.code, text, address));
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
