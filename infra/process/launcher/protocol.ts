/**
 * What a worker and its launcher say to each other: JSON, one message a line, over a unix socket. Requests carry a number that the reply repeats, so many
 * can be in flight; exits come unasked. A launcher may be older than its worker: additions only, or a new `PROTOCOL_VERSION`.
 */
import type { AttemptReference } from '../../../core/job/job.js';
import { ERROR_CODES, isMaridError, MaridError, type ErrorCode } from '../../../core/errors/marid-error.js';
import type { KillOptions, ProcessExit, StartRequest } from '../../../core/ports/launcher.js';
import {
  decodeAttempt,
  decodeExit,
  decodeFields,
  decodeHit,
  decodeJson,
  decodeNullable,
  decodeNumber,
  decodeStartRequest,
  decodeText,
  type Fields,
} from './wire.js';

/** Version of the messages; both sides compare it in `hello`. */
export const PROTOCOL_VERSION = 1;

/** What a worker asks. */
export type LauncherRequest =
  | { readonly type: 'hello' }
  | { readonly type: 'start'; readonly start: StartRequest }
  | ({ readonly type: 'kill' } & KillOptions)
  | { readonly type: 'renew'; readonly terminateInMs: number; readonly killInMs: number; readonly sentAt: number }
  | { readonly type: 'adopt'; readonly session: string | null }
  | { readonly type: 'forget'; readonly attempt: AttemptReference }
  | { readonly type: 'close' };

/** A request with its number. */
export interface NumberedRequest {
  readonly id: number;
  readonly request: LauncherRequest;
}

/** What a launcher says. */
export type LauncherMessage =
  | { readonly type: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: MaridError }
  | { readonly type: 'exit'; readonly exit: ProcessExit };

/** A request as a line, with its newline. */
export function encodeRequest(numbered: NumberedRequest): string {
  const { id, request } = numbered;
  // An older launcher refuses what it does not know, instead of starting the process as itself.
  const type = request.type === 'start' && request.start.user !== undefined ? 'start-as' : request.type;
  return `${JSON.stringify({ id, ...request, type })}\n`;
}

/** The answer to a request as a line. */
export function encodeReply(id: number, value: unknown): string {
  return `${JSON.stringify({ type: 'reply', id, value })}\n`;
}

/** The refusal of a request as a line; what is not a `MaridError` becomes `INTERNAL`. */
export function encodeFailure(id: number, error: unknown): string {
  const { code, message } = isMaridError(error) ? error : new MaridError('INTERNAL', 'The launcher failed.');
  return `${JSON.stringify({ type: 'failure', id, code, message })}\n`;
}

/** An exit as a line. */
export function encodeExit(exit: ProcessExit): string {
  return `${JSON.stringify({ type: 'exit', exit })}\n`;
}

/** A line of a worker whose content was not looked at yet. */
export function parseRequest(line: string): Fields {
  return decodeFields(decodeJson(line), 'request');
}

/** The number of a request whose content may be unfit; throws when it has none. */
export function decodeRequestId(fields: Fields): number {
  return decodeNumber(fields['id'], 'id');
}

/** Reads and checks a request; `INVALID_ARGUMENT` says what is wrong. */
export function decodeRequest(fields: Fields): LauncherRequest {
  switch (fields['type']) {
    case 'hello':
    case 'close':
      return { type: fields['type'] };
    case 'adopt': // workers of earlier versions do not say which session
      return { type: 'adopt', session: decodeNullable(fields['session'] ?? null, 'session', decodeText) };
    case 'start':
    case 'start-as':
      return { type: 'start', start: decodeStartRequest(fields['start']) };
    case 'kill':
      return {
        type: 'kill',
        attempt: decodeAttempt(fields['attempt']),
        graceMs: decodeNumber(fields['graceMs'], 'graceMs'),
        ...('hit' in fields ? { hit: decodeHit(fields['hit']) } : {}),
      };
    case 'forget':
      return { type: 'forget', attempt: decodeAttempt(fields['attempt']) };
    case 'renew':
      return {
        type: 'renew',
        terminateInMs: decodeNumber(fields['terminateInMs'], 'terminateInMs'),
        killInMs: decodeNumber(fields['killInMs'], 'killInMs'),
        sentAt: decodeNumber(fields['sentAt'], 'sentAt'),
      };
    default:
      throw new MaridError('INVALID_ARGUMENT', 'The launcher does not know this request; is it older than its worker?');
  }
}

/** Reads and checks what a launcher said. */
export function decodeMessage(line: string): LauncherMessage {
  const fields = decodeFields(decodeJson(line), 'message');
  switch (fields['type']) {
    case 'reply':
      return { type: 'reply', id: decodeNumber(fields['id'], 'id'), value: fields['value'] };
    case 'failure':
      return { type: 'failure', id: decodeNumber(fields['id'], 'id'), error: decodeError(fields) };
    case 'exit':
      return { type: 'exit', exit: decodeExit(fields['exit']) };
    default:
      throw new MaridError('INVALID_ARGUMENT', 'A message from the launcher is of no known type.');
  }
}

function decodeError(fields: Readonly<Record<string, unknown>>): MaridError {
  const known: ErrorCode | undefined = ERROR_CODES.find((code) => code === fields['code']);
  return new MaridError(known ?? 'INTERNAL', decodeText(fields['message'], 'message'));
}
