/**
 * An error as a message: google.rpc.Status with ErrorInfo, BadRequest and RetryInfo (https://google.aip.dev/193). Bounded, because all
 * trailers together must fit into the 8 KiB that common proxies take; we use at most 4 KiB.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, type Any } from '@bufbuild/protobuf/wkt';
import { ERROR_CODES, MaridError, type ErrorCode, type FieldViolation } from '../../core/errors/marid-error.js';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
  type BadRequest,
  type ErrorInfo,
} from '../gen/google/rpc/error_details_pb.js';
import { StatusSchema, type Status } from '../gen/google/rpc/status_pb.js';
import { safeText } from './safe-text.js';

const DOMAIN = 'marid';
/** Bytes of the whole, before base64 makes them a third more. */
const MAX_DETAIL_BYTES = 2_200;
const MAX_FACT_BYTES = 500;
const MAX_STATUS_TEXT_BYTES = 200;
const MAX_MESSAGE_BYTES = 800;
const MAX_VALUE_BYTES = 200;

/** What a client reads from the details. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly facts: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
  readonly retryable: boolean;
}

/** Codes of google.rpc.Code, which are those of gRPC. */
export const GRPC_CODES: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  ETAG_MISMATCH: 10,
  IN_USE: 9,
  NO_MATCH: 9,
  NO_OUTPUT: 9,
  NOT_FAILED: 9,
  STALE_SESSION: 9,
  RESOURCE_EXHAUSTED: 8,
  UNAVAILABLE: 14,
  WORKER_UNREACHABLE: 14,
  DEADLINE_EXCEEDED: 4,
  CANCELLED: 1,
  UNSUPPORTED: 12,
  DATA_LOSS: 15,
  INTERNAL: 13,
};

/** The status of an error that is part of an answer. */
export function errorToStatus(error: MaridError): Status {
  const { status, leftOut } = statusWithDetails(error);
  return { ...status, message: messageOf(error, leftOut) };
}

/** The error of a status that was part of an answer. */
export function errorFromStatus({ message, details }: Status): MaridError {
  const facts = factsOf(details);
  return new MaridError(facts?.code ?? 'INTERNAL', safeText(message, MAX_MESSAGE_BYTES * 2), facts ?? {});
}

/** The text of an error for its status; `leftOut`: how many violations did not fit. */
export function messageOf(error: MaridError, leftOut: number): string {
  const note = leftOut === 0 ? '' : ` (${leftOut} more violations are left out)`;
  return safeText(error.message, MAX_MESSAGE_BYTES) + note;
}

/** The details of an error, and how many of its violations did not fit. */
export function encodeErrorDetails(error: MaridError): { readonly bytes: Uint8Array; readonly leftOut: number } {
  const { status, leftOut } = statusWithDetails(error);
  return { bytes: toBinary(StatusSchema, status), leftOut };
}

/** What the details say; `null` when they are unreadable or not Marid's. */
export function decodeErrorDetails(bytes: Uint8Array): ErrorFacts | null {
  try {
    return factsOf(fromBinary(StatusSchema, bytes).details);
  } catch {
    return null;
  }
}

function statusWithDetails(error: MaridError): { readonly status: Status; readonly leftOut: number } {
  const fixed = [anyPack(ErrorInfoSchema, errorInfoOf(error))];
  if (error.retryable) fixed.push(anyPack(RetryInfoSchema, create(RetryInfoSchema)));
  const facts = { code: GRPC_CODES[error.code], message: safeText(error.message, MAX_STATUS_TEXT_BYTES) };
  const status = create(StatusSchema, { ...facts, details: fixed });
  if (error.violations.length === 0) return { status, leftOut: 0 };
  const kept = takeWhileFits(error.violations, MAX_DETAIL_BYTES - toBinary(StatusSchema, status).length - 64);
  status.details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations: kept })));
  return { status, leftOut: error.violations.length - kept.length };
}

function factsOf(details: readonly Any[]): ErrorFacts | null {
  try {
    const info = unpackFirst(details, (any) => anyUnpack(any, ErrorInfoSchema));
    const code = ERROR_CODES.find((each) => each === info?.reason);
    if (info === undefined || info.domain !== DOMAIN || code === undefined) return null;
    const badRequest = unpackFirst(details, (any) => anyUnpack(any, BadRequestSchema));
    const retry = unpackFirst(details, (any) => anyUnpack(any, RetryInfoSchema));
    return {
      code,
      facts: { ...info.metadata },
      violations: violationsOf(badRequest),
      retryable: retry !== undefined,
    };
  } catch {
    return null;
  }
}

function errorInfoOf(error: MaridError): ErrorInfo {
  const metadata: Record<string, string> = {};
  let used = 0;
  for (const [name, value] of Object.entries(error.facts)) {
    const fact = [safeText(name, 64), safeText(value, MAX_VALUE_BYTES)] as const;
    used += Buffer.byteLength(fact[0]) + Buffer.byteLength(fact[1]) + 8;
    if (used > MAX_FACT_BYTES) break;
    metadata[fact[0]] = fact[1];
  }
  return create(ErrorInfoSchema, { reason: error.code, domain: DOMAIN, metadata });
}

function boundedViolation(violation: FieldViolation): FieldViolation {
  return {
    field: safeText(violation.field, MAX_VALUE_BYTES),
    description: safeText(violation.description, MAX_VALUE_BYTES),
  };
}

function takeWhileFits(violations: readonly FieldViolation[], room: number): FieldViolation[] {
  const kept: FieldViolation[] = [];
  let used = 0;
  for (const each of violations) {
    const violation = boundedViolation(each);
    used += Buffer.byteLength(violation.field) + Buffer.byteLength(violation.description) + 8;
    if (used > room) break;
    kept.push(violation);
  }
  return kept;
}

function violationsOf(badRequest: BadRequest | undefined): readonly FieldViolation[] {
  const violations = badRequest?.fieldViolations ?? [];
  return violations.map(({ field, description }) => ({ field, description }));
}

function unpackFirst<T>(details: readonly Any[], unpack: (any: Any) => T | undefined): T | undefined {
  for (const any of details) {
    const value = unpack(any);
    if (value !== undefined) return value;
  }
  return undefined;
}
