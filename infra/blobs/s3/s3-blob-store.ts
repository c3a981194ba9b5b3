/** `BlobStore` in a bucket of S3 or of a server that speaks its protocol. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { BlobInfo, BlobStore } from '../../../core/ports/blob-store.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import { SystemClock } from '../../runtime/system-clock.js';
import { readBody } from '../../runtime/read-body.js';
import { S3Bucket, type S3Driver, type S3Object } from './s3-bucket.js';
import { openS3Client, type S3Credentials } from './s3-client.js';
import { isConflict } from './s3-errors.js';
import { isBlobKey, normalisePrefix, objectKeyOf } from './s3-keys.js';
import { watchBody } from './watch-body.js';

/** Objects in one page of a listing: S3's own limit. */
const PAGE = 1000;
/** Metadata by which a put knows its own object again after an answer was lost. */
const MARK = 'marid-put';
const DEFAULT_TIMEOUT_MS = 10_000;

/** Options of `S3BlobStore.connect`. */
export interface S3BlobStoreOptions {
  /** Exists already. */
  readonly bucket: string;
  /** Put before every key, with a `/` between. Default: none. */
  readonly prefix?: string;
  /** Default: of the environment or profile (`AWS_REGION`), `us-east-1` with an `endpoint`. */
  readonly region?: string;
  /** URL of another server than AWS. Default: AWS. */
  readonly endpoint?: string;
  /** The bucket in the path and not in the host name, as most other servers want it. Default: false. */
  readonly forcePathStyle?: boolean;
  /** Default: the usual chain: environment, profile, container or instance role. */
  readonly credentials?: S3Credentials;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly logger: Logger;
  /** Longest silence of the server, milliseconds; each of three tries of a request may wait so long, an upload of a part three times that. Default: 10,000. */
  readonly timeoutMs?: number;
}

/**
 * Blobs as objects. States: open (from `connect`) and closed (by `close`, for ever: requests under way fail). Unfinished uploads are ended when a put fails; those of a process that
 * died stay until the bucket's own rule for incomplete multipart uploads removes them.
 */
export class S3BlobStore implements BlobStore {
  /** Uploads that could not be ended, by id with their key: tried again after the next put. */
  private readonly abandoned = new Map<string, string>();
  private closed = false;

  private constructor(
    private readonly bucket: S3Bucket,
    private readonly prefix: string,
    private readonly runtime: { readonly clock: Clock; readonly logger: Logger; readonly timeoutMs: number },
  ) {}

  /** Looks for the bucket. Rejects with `NOT_FOUND` when there is none and with `UNAVAILABLE` when it cannot be reached or used; the message says what to do. */
  static async connect(options: S3BlobStoreOptions): Promise<S3BlobStore> {
    const { clock = new SystemClock(), logger, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const driver: S3Driver = { s3: await import('@aws-sdk/client-s3'), storage: await import('@aws-sdk/lib-storage') };
    const client = openS3Client(driver, { ...options, timeoutMs });
    const place = options.endpoint ?? 'AWS';
    const bucket = new S3Bucket({ driver, client, bucket: options.bucket, place, answerMs: timeoutMs });
    try {
      await bucket.check();
    } catch (error) {
      bucket.close();
      throw error;
    }
    const prefix = normalisePrefix(options.prefix ?? '');
    return new S3BlobStore(bucket, prefix, { clock, logger, timeoutMs });
  }

  async put(options: {
    readonly key: string;
    readonly body: AsyncIterable<Uint8Array>;
    readonly ifAbsent?: boolean;
  }): Promise<BlobInfo | null> {
    const { key, body, ifAbsent = false } = options;
    const objectKey = this.objectKey(key);
    if (ifAbsent && (await this.bucket.head(objectKey)) !== null) return null;
    const watched = watchBody(body);
    const mark = randomUUID();
    let written: BlobInfo;
    try {
      const { etag } = await this.bucket.upload({
        ...{ objectKey, body: Readable.from(watched.pieces), ifAbsent, metadata: { [MARK]: mark } },
        onUnfinished: (uploadId) => this.abandoned.set(uploadId, objectKey),
      });
      written = await this.written(key, { etag, sizeBytes: watched.sizeBytes() });
    } catch (error) {
      const failure = watched.failure();
      if (failure === null && !isConflict(error)) throw this.bucket.translate(error, 'write', objectKey);
      await this.endAbandoned();
      if (failure !== null) throw failure.error;
      return this.afterConflict(key, mark);
    }
    await this.endAbandoned();
    return written;
  }

  async get(options: {
    readonly key: string;
    readonly offset?: number;
    readonly length?: number | null;
  }): Promise<{ readonly info: BlobInfo; readonly body: AsyncIterable<Uint8Array> } | null> {
    const { key, offset = 0, length = null } = options;
    const objectKey = this.objectKey(key);
    const opened = length === 0 ? 'beyond' : await this.bucket.open(objectKey, rangeOf(offset, length));
    if (opened === null) return null;
    if (opened === 'beyond') {
      const object = await this.bucket.head(objectKey);
      return object === null ? null : { info: infoFrom(key, object), body: nothing() };
    }
    const { clock, timeoutMs } = this.runtime;
    const translate = (error: unknown): Error => this.bucket.translate(error, 'read', objectKey);
    const body = readBody(opened.body, { clock, idleMs: timeoutMs, translate });
    return { info: infoFrom(key, opened.object), body };
  }

  async head({ key }: { readonly key: string }): Promise<BlobInfo | null> {
    const object = await this.bucket.head(this.objectKey(key));
    return object === null ? null : infoFrom(key, object);
  }

  async list(options: {
    readonly prefix: string;
    readonly after: string | null;
    readonly limit: number;
  }): Promise<readonly BlobInfo[]> {
    this.checkOpen();
    const found: BlobInfo[] = [];
    const prefix = this.prefix + options.prefix;
    let from: Parameters<S3Bucket['list']>[0]['from'] =
      options.after === null ? null : { after: this.prefix + options.after };
    while (found.length < options.limit) {
      const page = await this.bucket.list({ prefix, from, limit: Math.min(PAGE, options.limit - found.length) });
      for (const { objectKey, ...object } of page.objects) {
        const key = objectKey.slice(this.prefix.length);
        if (isBlobKey(key)) found.push(infoFrom(key, object));
      }
      if (page.next === null) break;
      from = { token: page.next };
    }
    return found;
  }

  async delete({ key }: { readonly key: string }): Promise<void> {
    await this.bucket.delete(this.objectKey(key));
  }

  close(): Promise<void> {
    if (!this.closed) this.bucket.close();
    this.closed = true;
    return Promise.resolve();
  }

  /** What S3 tells of an object just written. Where somebody replaced it meanwhile, or S3 does not answer, what is known of the write. */
  private async written(key: string, object: { readonly etag: string; readonly sizeBytes: number }): Promise<BlobInfo> {
    const stored = await this.bucket.head(this.objectKey(key)).catch(() => null);
    if (stored?.etag === object.etag) return infoFrom(key, stored);
    return infoFrom(key, { ...object, metadata: {}, modifiedAt: this.runtime.clock.now() });
  }

  /** Somebody has the key, or the driver repeated a request whose answer was lost: then the object bears our mark. */
  private async afterConflict(key: string, mark: string): Promise<BlobInfo | null> {
    const object = await this.bucket.head(this.objectKey(key));
    if (object?.metadata[MARK] === mark) return infoFrom(key, object);
    if (object !== null) return null;
    throw new MaridError('UNAVAILABLE', `The blob ${JSON.stringify(key)} was written and deleted at once; try again.`);
  }

  private async endAbandoned(): Promise<void> {
    for (const [uploadId, objectKey] of [...this.abandoned]) {
      try {
        await this.bucket.abort(objectKey, uploadId);
        this.abandoned.delete(uploadId);
      } catch (error) {
        this.runtime.logger.warn(
          { error, uploadId },
          'an unfinished upload could not be ended; its parts stay for now',
        );
        return;
      }
    }
  }

  private objectKey(key: string): string {
    this.checkOpen();
    return objectKeyOf(this.prefix, key);
  }

  private checkOpen(): void {
    if (this.closed) throw new MaridError('UNAVAILABLE', 'The blob store is closed; this process ends.');
  }
}

function rangeOf(offset: number, length: number | null): string | null {
  if (length !== null) return `bytes=${String(offset)}-${String(offset + length - 1)}`;
  return offset === 0 ? null : `bytes=${String(offset)}-`;
}

function infoFrom(key: string, { sizeBytes, etag, modifiedAt }: S3Object): BlobInfo {
  return { key, sizeBytes, version: etag, modifiedAt };
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // not a single byte
}
