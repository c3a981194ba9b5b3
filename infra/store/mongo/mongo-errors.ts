/** What the driver throws, as errors of the domain. By name and code, because `instanceof` fails across realms. */
import { isNativeError } from 'node:util/types';
import { isMaridError, MaridError, type ErrorCode } from '../../../core/errors/marid-error.js';

interface Translation {
  readonly code: ErrorCode;
  readonly problem: string;
  /** Default: by code. */
  readonly retryable?: boolean;
}

const UNREACHABLE: Translation = {
  code: 'UNAVAILABLE',
  problem: 'cannot be reached; look whether its servers run, have a primary, and the address, TLS and user are right',
};
const LATE: Translation = { code: 'DEADLINE_EXCEEDED', problem: 'did not answer in time; look at its load' };
const CLOSED: Translation = { code: 'UNAVAILABLE', problem: 'is closed here; this process ends' };
const BUSY: Translation = {
  code: 'UNAVAILABLE',
  problem: 'gave no connection in time; look at the network and its load',
};
const CUT_OFF: Translation = { code: 'UNAVAILABLE', problem: 'was lost in the middle of an answer; ask again' };
const DENIED: Translation = {
  code: 'UNAVAILABLE',
  problem: 'refuses the user; look at user, password, authSource and role (readWrite)',
  retryable: false,
};
const TOO_LARGE: Translation = { code: 'INVALID_ARGUMENT', problem: 'takes no document above 16 MiB; send less' };
const BAD_OPTIONS: Translation = { code: 'INVALID_ARGUMENT', problem: 'has a URL or options that the driver refuses' };
const DEFECT: Translation = { code: 'INTERNAL', problem: 'refused an operation; this is a defect of Marid' };

const BY_NAME: Readonly<Record<string, Translation>> = {
  MongoServerSelectionError: UNREACHABLE,
  MongoNetworkError: UNREACHABLE,
  MongoNetworkTimeoutError: LATE,
  MongoPoolClearedError: UNREACHABLE,
  PoolClearedOnNetworkError: UNREACHABLE,
  MongoWaitQueueTimeoutError: BUSY,
  MongoOperationTimeoutError: LATE,
  MongoStalePrimaryError: UNREACHABLE,
  MongoCursorExhaustedError: CUT_OFF,
  MongoUnexpectedServerResponseError: CUT_OFF,
  MongoPoolClosedError: CLOSED,
  MongoServerClosedError: CLOSED,
  MongoNotConnectedError: CLOSED,
  MongoTopologyClosedError: CLOSED,
  MongoClientClosedError: CLOSED,
  MongoExpiredSessionError: CLOSED,
  MongoParseError: BAD_OPTIONS,
  MongoMissingCredentialsError: BAD_OPTIONS,
  MongoInvalidArgumentError: BAD_OPTIONS,
  MongoCompatibilityError: {
    code: 'UNSUPPORTED',
    problem: 'is of a version that the driver does not speak; use 6 or later',
  },
};

/** Codes of the server's `error_codes.yml`. */
const BY_CODE: ReadonlyMap<number, Translation> = new Map([
  ...[50, 64, 202, 262].map((code) => [code, LATE] as const),
  ...[6, 7, 89, 91, 100, 112, 133, 134, 189, 9001, 10058, 10107, 11600, 11601, 11602, 13435, 13436].map(
    (code) => [code, UNREACHABLE] as const,
  ),
  // A server that was started again does not know its cursors any more.
  ...[43, 237].map((code) => [code, CUT_OFF] as const),
  ...[11, 13, 18, 31, 8000].map((code) => [code, DENIED] as const),
  ...[10334, 17280, 17419, 17420].map((code) => [code, TOO_LARGE] as const),
]);

/** Codes of Node for a connection that is no more. */
const OF_SOCKETS = /^(?:EPIPE|ECONNRESET|ERR_(?:STREAM|SOCKET|SSL|TLS)_.*)$/;

/** Errors after which the operation was certainly not sent. */
const UNSENT: ReadonlySet<string> = new Set([
  'MongoServerSelectionError',
  'MongoPoolClearedError',
  'MongoWaitQueueTimeoutError',
  ...Object.keys(BY_NAME).filter((name) => BY_NAME[name] === CLOSED || BY_NAME[name] === BAD_OPTIONS),
]);

/** Code of the server for a key that is taken. */
export const DUPLICATE_KEY = 11000;

/** What was caught as a `MaridError` that names the database (`place`, without credentials); what is not the driver's as it is. */
export function translateMongoError(error: unknown, place: string): unknown {
  if (isMaridError(error) || !isNativeError(error)) return error;
  if ('syscall' in error && error.syscall === 'open') {
    const message = `A TLS file for the MongoDB database ${place} cannot be read: ${error.message}.`;
    return new MaridError('INVALID_ARGUMENT', message, { cause: error });
  }
  const found = findTranslation(error);
  if (found === null) return error;
  const details = { cause: error, ...(found.retryable === undefined ? {} : { retryable: found.retryable }) };
  // Only this one tells why no server was found: a refused connection, a certificate, a name.
  const why = error.name === 'MongoServerSelectionError' ? ` (${error.message})` : '';
  return new MaridError(found.code, `The MongoDB database ${place} ${found.problem}${why}.`, details);
}

/** The error for one refused write of a batch. */
export function writeRefused(code: number, message: string, place: string): MaridError {
  const { code: kind, problem } = BY_CODE.get(code) ?? DEFECT;
  const cause = new Error(`${message} (code ${String(code)})`);
  return new MaridError(kind, `The MongoDB database ${place} ${problem}.`, { cause });
}

/** Whether the server itself refused an operation as a whole, so that nothing was written. */
export function wasRefused(error: unknown): boolean {
  return isNativeError(error) && error.name === 'MongoServerError' && !leavesOpen(serverCodeOf(error));
}

/** The error for a document that is larger than the server takes. */
export function tooLarge(place: string): MaridError {
  return new MaridError(TOO_LARGE.code, `The MongoDB database ${place} ${TOO_LARGE.problem}.`);
}

/** Whether nothing was written, although an error came. */
export function wasNotSent(error: unknown): boolean {
  return isNativeError(error) && (UNSENT.has(error.name) || findTranslation(error) === TOO_LARGE);
}

/** Whether a server's code leaves open what was written; the codes that remain mean that nothing was. */
export function leavesOpen(code: number): boolean {
  const found = BY_CODE.get(code);
  return found === LATE || found === UNREACHABLE || found === CUT_OFF;
}

/** The server's code of a caught value; 0 when it has none. */
export function serverCodeOf(error: unknown): number {
  return isNativeError(error) && 'code' in error && typeof error.code === 'number' ? error.code : 0;
}

function findTranslation(error: Error): Translation | null {
  const byCode = BY_CODE.get(serverCodeOf(error));
  if (byCode !== undefined) return byCode;
  if (error.name === 'BSONError' || error.name === 'RangeError') return TOO_LARGE;
  if (isOfSocket(error)) return UNREACHABLE;
  return BY_NAME[error.name] ?? (error.name.startsWith('Mongo') ? DEFECT : null);
}

/** A socket that broke or was closed while the driver wrote: it passes Node's own error, which names no system call where the other side had ended. */
function isOfSocket(error: Error): boolean {
  return 'syscall' in error || ('code' in error && OF_SOCKETS.test(String(error.code)));
}
