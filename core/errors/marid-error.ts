/** Errors of the domain: one class, a closed list of codes. Adapters and services translate into it at their edges. */

/**
 * Every code with what it means. The table in ARCHITECTURE.md lists the same codes; a test compares both.
 */
export const ERROR_CODES = [
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'ETAG_MISMATCH',
  'IN_USE',
  'NO_MATCH',
  'NO_OUTPUT',
  'NOT_FAILED',
  'STALE_SESSION',
  'RESOURCE_EXHAUSTED',
  'UNAVAILABLE',
  'WORKER_UNREACHABLE',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'UNSUPPORTED',
  'DATA_LOSS',
  'INTERNAL',
] as const;

/** Closed code of a `MaridError`; also the `reason` of the gRPC ErrorInfo. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** One thing wrong with one field of a request. */
export interface FieldViolation {
  /** Path of the field in the request's proto names, for example `job.cluster_criteria[0].tags`. */
  readonly field: string;
  /** What is wrong and what would be right, one sentence. */
  readonly description: string;
}

/** What a `MaridError` carries besides its message. */
export interface ErrorDetails {
  /** Violations, with `INVALID_ARGUMENT`. Default: none. */
  readonly violations?: readonly FieldViolation[];
  /** Facts for programs, for example `{job_id: "..."}`; short, never secret. Default: none. */
  readonly facts?: Readonly<Record<string, string>>;
  /** Whether the same call may succeed later. Default: by code. */
  readonly retryable?: boolean;
  /** What was caught; logged, never shown to callers. */
  readonly cause?: unknown;
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'WORKER_UNREACHABLE', 'DEADLINE_EXCEEDED']);

/** The one error of Marid. `message` names the entity and the remedy and is fit for users. */
export class MaridError extends Error {
  override readonly name = 'MaridError';
  readonly code: ErrorCode;
  readonly violations: readonly FieldViolation[];
  readonly facts: Readonly<Record<string, string>>;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.violations = details.violations ?? [];
    this.facts = details.facts ?? {};
    this.retryable = details.retryable ?? RETRYABLE.has(code);
  }
}

/** Whether a caught value is a `MaridError`, by name and code: `instanceof` fails across realms. */
export function isMaridError(value: unknown): value is MaridError {
  return value instanceof Error && value.name === 'MaridError' && 'code' in value && 'facts' in value;
}

/** An `INVALID_ARGUMENT` that lists every violation. */
export function invalidArgument(violations: readonly FieldViolation[]): MaridError {
  const text = violations.map((each) => `${each.field}: ${each.description}`).join('; ');
  return new MaridError('INVALID_ARGUMENT', text, { violations });
}
