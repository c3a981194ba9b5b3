/** `Fetcher` of `s3://bucket/key` URIs, with `?versionId=` for one version. Keys are the worker's own: environment, profile or role. */
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import type * as s3 from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { Clock } from '../../../core/ports/clock.js';
import {
  FetchError,
  isFetchError,
  type FetchedFile,
  type Fetcher,
  type FetchPlace,
  type FetchRequest,
} from '../../../core/ports/fetcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import { openS3Client } from '../../blobs/s3/s3-client.js';
import { failureOf, translateS3Error } from '../../blobs/s3/s3-errors.js';
import { readBody } from '../../runtime/read-body.js';

/** Options of `S3Fetcher.connect`. */
export interface S3FetcherOptions {
  /** URL of another server than AWS; null: AWS. */
  readonly endpoint: string | null;
  /** Null: as the environment says. */
  readonly region: string | null;
  /** The bucket in the path and not in the host name. */
  readonly forcePathStyle: boolean;
  /** Longest silence of the server, milliseconds. */
  readonly idleMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The version is the object's ETag, with its version's id where the bucket has versions. */
export class S3Fetcher implements Fetcher {
  private constructor(
    private readonly driver: typeof s3,
    private readonly client: S3Client,
    private readonly options: S3FetcherOptions,
  ) {}

  /** Loads the driver; nothing is sent. */
  static async connect(options: S3FetcherOptions): Promise<S3Fetcher> {
    const { endpoint, region, forcePathStyle, logger, idleMs: timeoutMs } = options;
    const driver = await import('@aws-sdk/client-s3');
    const place = { ...(endpoint !== null && { endpoint }), ...(region !== null && { region }) };
    return new S3Fetcher(
      driver,
      openS3Client({ s3: driver }, { ...place, forcePathStyle, logger, timeoutMs }),
      options,
    );
  }

  async open(request: FetchRequest): Promise<FetchedFile | null> {
    const { uri, held, resume, signal } = request;
    const command = new this.driver.GetObjectCommand({
      ...objectOf(uri),
      ...(held !== null && { IfNoneMatch: etagOf(held) }),
      ...(resume !== null && { Range: `bytes=${resume.offset}-`, IfMatch: etagOf(resume.version) }),
    });
    try {
      const output = await this.client.send(command, {
        abortSignal: signal,
        requestTimeout: this.options.idleMs,
      });
      return this.#opened(output, request);
    } catch (error) {
      const { status } = failureOf(error);
      if (status === 304 && held !== null) return null;
      if (resume !== null && (status === 412 || status === 416)) return this.open({ ...request, resume: null });
      throw s3Error(uri, error);
    }
  }

  async close(): Promise<void> {
    this.client.destroy();
  }

  #opened(output: GetObjectCommandOutput, { uri, resume, signal }: FetchRequest): FetchedFile {
    const { Body: body, ETag: etag, VersionId: id } = output;
    if (!(body instanceof Readable)) throw new TypeError('the body of an object is no stream');
    signal.addEventListener('abort', () => body.destroy(), { once: true });
    const { clock, idleMs } = this.options;
    return {
      version: etag === undefined ? null : `${etag} ${id ?? ''}`,
      ...placeOf(output, resume),
      executable: false,
      body: readBody(body, { clock, idleMs, translate: (error) => s3Error(uri, error) }),
    };
  }
}

function placeOf(
  { ContentRange: range, ContentLength: length }: GetObjectCommandOutput,
  resume: FetchPlace | null,
): Pick<FetchedFile, 'sizeBytes' | 'offset'> {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(range ?? '') ?? [];
  if (resume !== null && Number(start) === resume.offset) return { sizeBytes: Number(total), offset: resume.offset };
  return { sizeBytes: length ?? null, offset: 0 };
}

function etagOf(version: string): string {
  return version.slice(0, version.lastIndexOf(' '));
}

/** A key is what is written, with escapes (`%20`) resolved; slashes in a row and dots are part of it. */
function objectOf(uri: string): { readonly Bucket: string; readonly Key: string; readonly VersionId?: string } {
  const [, bucket = '', key = '', query = ''] = /^s3:\/\/([^/?#]+)\/([^?#]+)(?:\?([^#]*))?$/i.exec(uri) ?? [];
  const version = new URLSearchParams(query).get('versionId');
  try {
    if (key !== '')
      return { Bucket: bucket, Key: decodeURIComponent(key), ...(version !== null && { VersionId: version }) };
  } catch {
    // refused below
  }
  throw new FetchError('INVALID_URI', `${uri} does not name an object of S3; give s3://bucket/key.`, false);
}

/** What is missing or refused is for whoever named the object; the rest may pass. */
function s3Error(uri: string, error: unknown): FetchError {
  if (isFetchError(error)) return error;
  const { status, name } = failureOf(error);
  const own = status !== null && status >= 400 && status < 500 && ![408, 425, 429].includes(status);
  const { message } = translateS3Error(error, `The file ${uri} cannot be fetched`);
  const missing = name === 'NoSuchKey' ? `The file ${uri} cannot be fetched: there is no such object.` : message;
  return new FetchError(own ? 'FILE_UNREADABLE' : 'FETCH_FAILED', missing, !own, error);
}
