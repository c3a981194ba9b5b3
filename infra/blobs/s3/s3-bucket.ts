/** The calls to one bucket, with the errors of the domain. */
import type * as s3 from '@aws-sdk/client-s3';
import type * as storage from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import { MaridError } from '../../../core/errors/marid-error.js';
import { failureOf, isBeyondEnd, isMissing, translateS3Error } from './s3-errors.js';
import { decodeListedKey } from './s3-keys.js';

/** The driver, loaded. */
export interface S3Driver {
  readonly s3: typeof s3;
  readonly storage: typeof storage;
}

/** Parts of an upload: two of these are in memory at a time. 10,000 of them are S3's limit for an object: 78 GiB. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 2;

/** Where and how. */
export interface S3BucketOptions {
  readonly driver: S3Driver;
  readonly client: s3.S3Client;
  readonly bucket: string;
  /** For messages: the endpoint, or `AWS`. */
  readonly place: string;
  /** Longest wait for the start of an answer to anything but an upload, milliseconds. */
  readonly answerMs: number;
}

/** An object as S3 tells it. */
export interface S3Object {
  readonly etag: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** The `Metadata` that it was written with; empty where S3 does not tell (listings). */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One page of a listing. */
export interface S3Page {
  readonly objects: readonly (S3Object & { readonly objectKey: string })[];
  /** Continues behind this page; `null` at the end. */
  readonly next: string | null;
}

/** Commands on a bucket. Rejects as `BlobStore` does. */
export class S3Bucket {
  private readonly ended = new AbortController();
  private readonly uploads = new Set<storage.Upload>();

  constructor(private readonly options: S3BucketOptions) {}

  /** Rejects with a message for whoever configures it when the bucket is not there or not ours. */
  async check(): Promise<void> {
    const { driver, client, bucket, place } = this.options;
    try {
      await client.send(new driver.s3.HeadBucketCommand({ Bucket: bucket }), this.patience);
    } catch (error) {
      const absent = failureOf(error).status === 404;
      if (absent) throw new MaridError('NOT_FOUND', `The S3 bucket ${bucket} does not exist at ${place}; create it.`);
      throw translateS3Error(error, `The S3 bucket ${bucket} at ${place} cannot be used`);
    }
  }

  /** `null` when there is no such object. */
  async head(objectKey: string): Promise<S3Object | null> {
    const { driver, client, bucket } = this.options;
    try {
      return objectFrom(
        await client.send(new driver.s3.HeadObjectCommand({ Bucket: bucket, Key: objectKey }), this.patience),
      );
    } catch (error) {
      if (isMissing(error)) return null;
      throw this.translate(error, 'look up', objectKey);
    }
  }

  /** Opens an object, or bytes of it (`range` as in HTTP); `null` when there is none, `beyond` when the range starts at its end or behind. */
  async open(
    objectKey: string,
    range: string | null,
  ): Promise<{ readonly object: S3Object; readonly body: Readable } | 'beyond' | null> {
    const { driver, client, bucket } = this.options;
    const input = { Bucket: bucket, Key: objectKey, ...(range !== null && { Range: range }) };
    try {
      const output = await client.send(new driver.s3.GetObjectCommand(input), this.patience);
      if (range === null || output.ContentRange !== undefined)
        return { object: objectFrom(output), body: bodyOf(output) };
      bodyOf(output).destroy();
    } catch (error) {
      if (isMissing(error)) return null;
      if (isBeyondEnd(error)) return 'beyond';
      throw this.translate(error, 'read', objectKey);
    }
    throw new MaridError('UNSUPPORTED', `The S3 server at ${this.options.place} ignores ranges; use another.`);
  }

  /** Objects whose key starts with `prefix`, by key, behind `after` or from where a page ended. */
  async list(options: {
    readonly prefix: string;
    readonly from: { readonly after: string } | { readonly token: string } | null;
    readonly limit: number;
  }): Promise<S3Page> {
    const { driver, client, bucket } = this.options;
    const { prefix, from, limit } = options;
    const start = from === null ? {} : 'token' in from ? { ContinuationToken: from.token } : { StartAfter: from.after };
    const input = { Bucket: bucket, Prefix: prefix, MaxKeys: limit, EncodingType: 'url' as const, ...start };
    try {
      const output = await client.send(new driver.s3.ListObjectsV2Command(input), this.patience);
      const decode = output.EncodingType === 'url' ? decodeListedKey : (key: string): string => key;
      const objects = (output.Contents ?? []).map((entry) => ({
        ...objectFrom({ ETag: entry.ETag, ContentLength: entry.Size, LastModified: entry.LastModified }),
        objectKey: decode(entry.Key ?? ''),
      }));
      return { objects, next: output.IsTruncated === true ? (output.NextContinuationToken ?? null) : null };
    } catch (error) {
      throw this.translate(error, 'list', prefix);
    }
  }

  /** Deletes an object; one that is not there is fine. */
  async delete(objectKey: string): Promise<void> {
    const { driver, client, bucket } = this.options;
    try {
      await client.send(new driver.s3.DeleteObjectCommand({ Bucket: bucket, Key: objectKey }), this.patience);
    } catch (error) {
      if (!isMissing(error)) throw this.translate(error, 'delete', objectKey);
    }
  }

  /** Writes an object: one request when the body fits into a part, else a multipart upload. Rejects with the driver's error, or with the body's. */
  async upload(options: {
    readonly objectKey: string;
    readonly body: Readable;
    readonly ifAbsent: boolean;
    readonly metadata: Readonly<Record<string, string>>;
    /** Told the id of a multipart upload that failed: it may still be there. */
    readonly onUnfinished: (uploadId: string) => void;
  }): Promise<{ readonly etag: string }> {
    const { driver, bucket, client } = this.options;
    const { objectKey, body, ifAbsent, metadata } = options;
    const condition = ifAbsent ? { IfNoneMatch: '*' } : {};
    const upload = new driver.storage.Upload({
      client,
      params: { Bucket: bucket, Key: objectKey, Body: body, Metadata: { ...metadata }, ...condition },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    });
    this.uploads.add(upload);
    try {
      return { etag: textOfEtag((await upload.done()).ETag) };
    } catch (error) {
      if (upload.uploadId !== undefined) options.onUnfinished(upload.uploadId);
      throw error;
    } finally {
      this.uploads.delete(upload);
    }
  }

  /** Drops the parts of an upload that did not end; one that is not there is fine. */
  async abort(objectKey: string, uploadId: string): Promise<void> {
    const { driver, client, bucket } = this.options;
    const input = { Bucket: bucket, Key: objectKey, UploadId: uploadId };
    try {
      await client.send(new driver.s3.AbortMultipartUploadCommand(input), this.patience);
    } catch (error) {
      if (failureOf(error).name !== 'NoSuchUpload') throw this.translate(error, 'end the upload of', objectKey);
    }
  }

  /** Ends all requests under way. */
  close(): void {
    this.ended.abort();
    for (const upload of this.uploads) void upload.abort();
    this.options.client.destroy();
  }

  /** The error of the domain, with key and bucket named. */
  translate(error: unknown, verb: string, objectKey: string): MaridError {
    const { bucket, place } = this.options;
    return translateS3Error(error, `S3 cannot ${verb} ${JSON.stringify(objectKey)} in bucket ${bucket} at ${place}`);
  }

  private get patience(): { readonly requestTimeout: number; readonly abortSignal: AbortSignal } {
    return { requestTimeout: this.options.answerMs, abortSignal: this.ended.signal };
  }
}

function bodyOf({ Body: body }: s3.GetObjectCommandOutput): Readable {
  if (body instanceof Readable) return body;
  throw new TypeError('the body of an object is no stream');
}

function objectFrom(
  output: Pick<s3.HeadObjectCommandOutput & s3.GetObjectCommandOutput, 'ETag' | 'ContentLength' | 'LastModified'> &
    Partial<Pick<s3.GetObjectCommandOutput, 'ContentRange' | 'Metadata'>>,
): S3Object {
  const total = /\/(\d+)$/.exec(output.ContentRange ?? '')?.[1];
  return {
    etag: textOfEtag(output.ETag),
    sizeBytes: total === undefined ? (output.ContentLength ?? 0) : Number(total),
    modifiedAt: output.LastModified?.getTime() ?? 0,
    metadata: output.Metadata ?? {},
  };
}

function textOfEtag(etag = ''): string {
  return etag.replaceAll('"', '');
}
