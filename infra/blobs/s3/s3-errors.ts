/** Errors of S3 and its driver, by name, status and code: `instanceof` fails across realms. */
import { isMaridError, MaridError, type ErrorCode } from '../../../core/errors/marid-error.js';

/** The condition `If-None-Match: *` failed, or somebody else wrote or deleted the object at the same time. */
const CONFLICTS: readonly string[] = ['PreconditionFailed', 'ConditionalRequestConflict'];
const REFUSED: readonly string[] = [
  'AccessDenied',
  'Forbidden',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
];
/** The driver found no keys, or an expired session. */
const NO_CREDENTIALS: readonly string[] = ['CredentialsProviderError', 'TokenProviderError'];
const NETWORK_CODES =
  /^(E[A-Z]+|EAI_[A-Z]+|ERR_STREAM_PREMATURE_CLOSE|ERR_SSL_.*|ERR_TLS_.*|CERT_.*|.*_CERT.*|.*_SIGNATURE)$/;

/** What is known of an error of the driver. */
export interface S3Failure {
  readonly name: string;
  /** HTTP status; `null` when there was no answer. */
  readonly status: number | null;
  /** Error code of the system; empty when it is none. */
  readonly code: string;
  readonly message: string;
  /** Region in which the bucket is, when S3 says that it is another. */
  readonly region: string | null;
}

/** Takes an error apart. */
export function failureOf(error: unknown): S3Failure {
  const headers = field(field(error, '$response'), 'headers');
  const message = textOf(error, 'message');
  return {
    name: textOf(error, 'name'),
    status: numberOf(field(error, '$metadata'), 'httpStatusCode'),
    code: textOf(error, 'code') || wrappedCode(message),
    message,
    region: textOf(headers, 'x-amz-bucket-region') || null,
  };
}

/** Whether there is no such object. */
export function isMissing(error: unknown): boolean {
  const { name, status } = failureOf(error);
  return name === 'NoSuchKey' || (name === 'NotFound' && status === 404);
}

/** Whether a range lies beyond the object's end. */
export function isBeyondEnd(error: unknown): boolean {
  const { name, status } = failureOf(error);
  return name === 'InvalidRange' || status === 416;
}

/** Whether a conditional write met another object, or a multipart upload was ended by somebody. */
export function isConflict(error: unknown): boolean {
  const { name, status } = failureOf(error);
  return CONFLICTS.includes(name) || status === 412 || name === 'NoSuchUpload';
}

/** The error of the domain. `what` names the action with key and bucket, for example `S3 cannot read a/b in bucket c at https://d`. */
export function translateS3Error(error: unknown, what: string): MaridError {
  if (isMaridError(error)) return error;
  const { code, reason } = explain(failureOf(error));
  return new MaridError(code, `${what}: ${reason}.`, { cause: error });
}

function explain(failure: S3Failure): { readonly code: ErrorCode; readonly reason: string } {
  const { name, status, code, message, region } = failure;
  const said = name === '' || name === 'Error' ? message : name;
  if (NO_CREDENTIALS.includes(name)) {
    return {
      code: 'UNAVAILABLE',
      reason: 'no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role',
    };
  }
  if (message === 'Region is missing') {
    return { code: 'UNAVAILABLE', reason: 'no region is set; set it, or AWS_REGION' };
  }
  if (name === 'NoSuchBucket') return { code: 'UNAVAILABLE', reason: 'the bucket does not exist; create it' };
  if (region !== null && (status === 301 || status === 400)) {
    return { code: 'UNAVAILABLE', reason: `the bucket is in region ${region}; set the region` };
  }
  if (status === 401 || status === 403 || REFUSED.includes(name)) {
    return {
      code: 'UNAVAILABLE',
      reason: `access was refused (${said}); check the credentials and the bucket's policy`,
    };
  }
  if (name === 'KeyTooLongError') return { code: 'INVALID_ARGUMENT', reason: 'the key is too long' };
  if (name === 'EntityTooLarge' || name === 'QuotaExceeded' || message.startsWith('Exceeded ')) {
    return { code: 'RESOURCE_EXHAUSTED', reason: `it is too large (${said})` };
  }
  if (status === 501) return { code: 'UNSUPPORTED', reason: `the server does not know how (${said})` };
  if (status === null || status === 429 || status >= 500) {
    const lost = status !== null || code !== '' || name === 'TimeoutError' || name === 'AbortError';
    return { code: lost ? 'UNAVAILABLE' : 'INTERNAL', reason: lost ? unreachable(failure) : said };
  }
  return { code: 'INTERNAL', reason: `status ${String(status)}, ${said}` };
}

function unreachable({ name, status, code, message }: S3Failure): string {
  if (status !== null) return `it answered ${String(status)} ${name}`;
  if (code === 'ETIMEDOUT') return 'no answer in time';
  if (NETWORK_CODES.test(code)) return `no connection (${code})`;
  return name === 'TimeoutError' ? 'no answer in time' : message;
}

/** The driver packs errors of another realm into the text of its own; they come from the network. Empty when it did not. */
function wrappedCode(message: string): string {
  if (!message.startsWith('AWS SDK error wrapper for ')) return '';
  return /\bE[A-Z]{3,}\b/.exec(message)?.[0] ?? 'ECONNRESET';
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === 'string' ? found : '';
}

function numberOf(value: unknown, name: string): number | null {
  const found = field(value, name);
  return typeof found === 'number' ? found : null;
}
