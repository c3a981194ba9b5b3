/** The driver's client, set up so that it waits for nothing without end and works with other servers than AWS. */
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { invalidArgument } from '../../../core/errors/marid-error.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { S3Driver } from './s3-bucket.js';

/** Tries of one request, with the driver's back-off between them. */
const MAX_ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 3000;
/** Connections at a time; a body that is being read holds one. */
const MAX_SOCKETS = 128;
/** An upload of a part may take this many times as long as anything else. */
const UPLOAD_FACTOR = 3;
const DEFAULT_REGION = 'us-east-1';

/** Keys of an account. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary keys. Default: none. */
  readonly sessionToken?: string;
}

/** Options of `openS3Client`. */
export interface S3ClientOptions {
  readonly region?: string;
  readonly endpoint?: string;
  readonly forcePathStyle?: boolean;
  readonly credentials?: S3Credentials;
  readonly logger: Logger;
  readonly timeoutMs: number;
}

/** Opens a client; nothing is sent. Throws `INVALID_ARGUMENT` when the endpoint is no URL. */
export function openS3Client({ s3 }: Pick<S3Driver, 's3'>, options: S3ClientOptions): S3Client {
  const { endpoint, region = endpoint === undefined ? undefined : DEFAULT_REGION, credentials, timeoutMs } = options;
  if (endpoint !== undefined && !URL.canParse(endpoint)) {
    throw invalidArgument([{ field: 's3_endpoint', description: 'must be a URL, for example https://s3.example.org' }]);
  }
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  return new s3.S3Client({
    forcePathStyle: options.forcePathStyle ?? false,
    maxAttempts: MAX_ATTEMPTS,
    requestChecksumCalculation: 'WHEN_REQUIRED', // others do not know the newer checksums
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: timeoutMs * UPLOAD_FACTOR,
      throwOnRequestTimeout: true,
      socketTimeout: 0, // it would end bodies whose reader is slow
      httpAgent: agent,
      httpsAgent: agent,
      logger: driverLogger(options.logger),
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(credentials !== undefined && { credentials }),
  });
}

/** Of connections only: the client itself would tell every failed request with all its fields. */
function driverLogger(logger: Logger): NonNullable<S3ClientConfig['logger']> {
  const warn = (...parts: unknown[]): void => {
    logger.warn({ detail: parts.map(String).join(' ') }, 'the S3 client warns');
  };
  const silent = (): void => undefined;
  return { trace: silent, debug: silent, info: silent, warn, error: warn };
}
