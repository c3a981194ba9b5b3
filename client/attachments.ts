/** Uploads of files for jobs, which go on where a broken one stopped. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { errorText } from '../core/errors/system-error.js';
import { isMaridError, MaridError } from '../core/errors/marid-error.js';
import type {
  AttachmentService,
  UploadAttachmentHead,
  UploadAttachmentRequestSchema,
} from '../proto/gen/marid/v1/attachment_service_pb.js';
import type { AttachmentSchema } from '../proto/gen/marid/v1/job_pb.js';
import type { ServiceClient } from '../proto/rpc/service.js';
import { callOptions } from './retry.js';
import { BackOff, type ClientRuntime } from './runtime.js';

const PIECE_BYTES = 256 * 1024;
/** Longest single try, in milliseconds; the next goes on behind it. */
const TRY_MS = 10 * 60_000;

/** What the fields of an upload's head say of its file. */
const HEAD_FIELDS: Readonly<Record<string, string>> = {
  'head.size_bytes': 'its size in bytes',
  'head.sha256': 'its SHA-256',
};

/** Options of `uploadFile`. */
export interface AttachOptions {
  /** Name in the job's directory. Default: the file's own. */
  readonly name?: string | undefined;
  /** Told now and then how many bytes are there, of how many. Default: nobody. */
  readonly onProgress?: ((sentBytes: number, sizeBytes: number) => void) | undefined;
  /** Ends it. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** What the upload stands on. */
export interface AttachContext {
  readonly runtime: ClientRuntime;
  readonly attachments: ServiceClient<typeof AttachmentService>;
}

/**
 * Uploads a file, unless its content is there already; the attachment to name in a request. Tried again, from where it broke, as long as `timeoutMs` of the client does not
 * pass without anything more being there. Throws `INVALID_ARGUMENT` that names the file when it cannot be read, or is refused.
 */
export async function uploadFile(
  context: AttachContext,
  path: string,
  options: AttachOptions = {},
): Promise<MessageInitShape<typeof AttachmentSchema>> {
  const file = await openFile(path);
  try {
    const { sha256, sizeBytes } = await digest(file, options.signal);
    await uploadAll(context, { file, sha256, sizeBytes }, options);
    return { name: options.name ?? basename(path), sha256, sizeBytes: BigInt(sizeBytes) };
  } catch (error) {
    throw withPath(error, path);
  } finally {
    await file.close();
  }
}

interface Upload {
  readonly file: FileHandle;
  readonly sha256: string;
  readonly sizeBytes: number;
}

async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, 'r');
    if ((await file.stat()).isFile()) return file;
  } catch (error) {
    const why = errorText(error);
    throw new MaridError('INVALID_ARGUMENT', `${path} cannot be attached: ${why}`, { cause: error });
  }
  await file.close();
  throw new MaridError('INVALID_ARGUMENT', `${path} cannot be attached: it is no regular file.`);
}

/** A refused upload names fields of its head, which whoever attached the file never saw. */
function withPath(error: unknown, path: string): unknown {
  if (!isMaridError(error) || error.violations.length === 0) return error;
  const problems = error.violations.map(({ field, description }) => `${HEAD_FIELDS[field] ?? field} ${description}`);
  return new MaridError('INVALID_ARGUMENT', `${path} cannot be attached: ${problems.join('; ')}`, { cause: error });
}

async function digest(file: FileHandle, signal?: AbortSignal): Promise<Pick<Upload, 'sha256' | 'sizeBytes'>> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const bytes of piecesOf(file, 0, Number.POSITIVE_INFINITY)) {
    signal?.throwIfAborted();
    hash.update(bytes);
    sizeBytes += bytes.length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

async function uploadAll(
  { runtime, attachments }: AttachContext,
  upload: Upload,
  options: AttachOptions,
): Promise<void> {
  const { clock, random, timeoutMs, onRetry } = runtime;
  const { sha256, sizeBytes } = upload;
  const { onProgress, signal } = options;
  const backOff = new BackOff(random);
  let most = 0;
  let deadline = clock.monotonic() + timeoutMs;
  for (;;) {
    try {
      const there = await attachments.getAttachment({ sha256 }, callOptions(timeoutMs, signal));
      const offset = Number(there.storedBytes);
      onProgress?.(offset, sizeBytes);
      if (there.complete) return;
      if (offset > most) {
        most = offset;
        deadline = clock.monotonic() + timeoutMs;
        backOff.reset();
      }
      await attachments.uploadAttachment(partsOf(upload, offset, onProgress), callOptions(TRY_MS, signal));
      return;
    } catch (error) {
      const over = clock.monotonic() >= deadline || signal?.aborted === true;
      if (!isMaridError(error) || !error.retryable || over) throw error;
      onRetry(error);
      await clock.sleep(backOff.nextMs(), signal);
    }
  }
}

async function* partsOf(
  { file, sha256, sizeBytes }: Upload,
  offset: number,
  onProgress: AttachOptions['onProgress'],
): AsyncGenerator<MessageInitShape<typeof UploadAttachmentRequestSchema>> {
  const head: Pick<UploadAttachmentHead, 'sha256' | 'sizeBytes' | 'offset'> = {
    ...{ sha256, sizeBytes: BigInt(sizeBytes), offset: BigInt(offset) },
  };
  yield { part: { case: 'head', value: head } };
  let sent = offset;
  for await (const data of piecesOf(file, offset, sizeBytes)) {
    yield { part: { case: 'data', value: data } };
    sent += data.length;
    onProgress?.(sent, sizeBytes);
  }
  yield { part: { case: 'tail', value: {} } };
}

async function* piecesOf(file: FileHandle, offset: number, end: number): AsyncGenerator<Uint8Array> {
  for (let position = offset; position < end;) {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
