/** kafkajs' errors as ours. By name and type: `instanceof` fails across realms. */
import { errorText } from '../../../core/errors/system-error.js';
import { isMaridError, MaridError, type ErrorCode } from '../../../core/errors/marid-error.js';

const CODES: Readonly<Record<string, ErrorCode>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'NOT_FOUND',
  INVALID_TOPIC_EXCEPTION: 'INVALID_ARGUMENT',
  MESSAGE_TOO_LARGE: 'INVALID_ARGUMENT',
  RECORD_LIST_TOO_LARGE: 'INVALID_ARGUMENT',
  INVALID_PARTITIONS: 'INVALID_ARGUMENT',
  INVALID_REPLICATION_FACTOR: 'INVALID_ARGUMENT',
  INVALID_CONFIG: 'INVALID_ARGUMENT',
  POLICY_VIOLATION: 'INVALID_ARGUMENT',
  REQUEST_TIMED_OUT: 'DEADLINE_EXCEEDED',
  KafkaJSRequestTimeoutError: 'DEADLINE_EXCEEDED',
  KafkaJSTimeout: 'DEADLINE_EXCEEDED',
};

/** Trouble that does not pass by itself: somebody has to change credentials or rights. */
const REFUSED: ReadonlySet<string> = new Set([
  'KafkaJSSASLAuthenticationError',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);

/** Codes of Node for a certificate that is not believed. */
const CERTIFICATE = /CERT|_SIGNATURE$/;
/** What is met where only one side speaks TLS, or a log-in is wanted; an outage looks the same. */
const CLOSED = /^(KafkaJSConnectionClosedError|ECONNRESET|ERR_SSL_.*)$/;

/** How deep wrapped errors are looked into. */
const MAX_DEPTH = 5;

/** The names by which kafkajs tells what an error is: of itself, of its protocol type, Node's code, and of what it wraps, outermost first. */
export function errorNames(error: unknown): readonly string[] {
  const names: string[] = [];
  let current = error;
  for (let depth = 0; depth < MAX_DEPTH && current instanceof Object; depth += 1) {
    for (const field of ['type', 'name', 'code'] as const) {
      const value: unknown = field in current ? Reflect.get(current, field) : null;
      if (typeof value === 'string') names.push(value);
    }
    names.push(...aggregated(current));
    current = 'cause' in current ? current.cause : null;
  }
  return names;
}

/** Translates what kafkajs threw while `what` was done ("Producing to Kafka"). */
export function toMaridError(error: unknown, what: string): MaridError {
  if (isMaridError(error)) return error;
  const names = errorNames(error);
  if (names.some((name) => REFUSED.has(name))) {
    const message = `${what} was refused by the brokers (${errorText(error)}); check kafkaSaslMechanism, kafkaSaslUsername, kafkaSaslPassword and the user's rights.`;
    return new MaridError('UNAVAILABLE', message, { cause: error, retryable: false });
  }
  const code = names.map((name) => CODES[name]).find((found) => found !== undefined) ?? 'UNAVAILABLE';
  return new MaridError(code, messageOf(code, what, errorText(error) + adviceOn(names)), { cause: error });
}

/** What to look at where a connection ends before a broker can say why. Empty for all else. */
function adviceOn(names: readonly string[]): string {
  if (names.some((name) => CERTIFICATE.test(name)))
    return "; check kafkaTlsCaFile, and that the brokers' certificates hold their addresses.";
  if (names.some((name) => CLOSED.test(name))) return '; if the brokers are up, check kafkaTls and kafkaSaslMechanism.';
  return '';
}

function messageOf(code: ErrorCode, what: string, detail: string): string {
  switch (code) {
    case 'NOT_FOUND':
      return `${what} failed: the topic or partition does not exist; create it with ensureTopics first.`;
    case 'DEADLINE_EXCEEDED':
      return `${what} got no answer in time; whether it was done is unknown.`;
    default:
      return `${what} failed: ${detail}`;
  }
}

/** Types of the errors that an aggregate holds. */
function aggregated(error: object): readonly string[] {
  const errors: unknown = 'errors' in error ? error.errors : null;
  if (!Array.isArray(errors)) return [];
  return errors.flatMap((each: unknown) => (each instanceof Object && 'type' in each ? [String(each.type)] : []));
}
