/** Attachments in the blob store: uploaded in parts, checked, and kept for the jobs that name them. */
import { createHash, type Hash } from 'node:crypto';
import { isSha256, PART_BYTES, partKey, partsPrefix, referenceKey, wholeKey } from '../../../core/attachments/keys.js';
import { readAttachment, sizeOfAttachment } from '../../../core/attachments/read-attachment.js';
import { invalidArgument, MaridError, type FieldViolation } from '../../../core/errors/marid-error.js';
import type { JobAttachment } from '../../../core/job/job.js';
import type { BlobInfo, BlobStore } from '../../../core/ports/blob-store.js';

const MIB = 1024 * 1024;
const PAGE = 1000;

/** What is configured about attachments. */
export interface AttachmentLimits {
  /** MiB of one. */
  readonly maxAttachmentMb: number;
  /** MiB of all of a job. */
  readonly maxJobAttachmentsMb: number;
}

/** What is to come. */
export interface UploadHead {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** First byte that is sent. */
  readonly offset: number;
}

export class Attachments {
  constructor(
    private readonly open: () => Promise<BlobStore>,
    private readonly limits: AttachmentLimits,
  ) {}

  /** How much of one is there; what is complete is kept as if it had just come. */
  async look(sha256: string): Promise<{ readonly storedBytes: number; readonly complete: boolean }> {
    checkHash(sha256);
    const blobs = await this.open();
    const sizeBytes = await wholeSizeOf(blobs, sha256);
    if (sizeBytes === null) return { storedBytes: await storedBytesOf(blobs, sha256), complete: false };
    await markWhole(blobs, sha256, sizeBytes);
    return { storedBytes: sizeBytes, complete: true };
  }

  /** Takes the rest of one. `body` throws when the stream is cut off; whole parts stay then. */
  async upload(head: UploadHead, body: AsyncIterable<Uint8Array>): Promise<number> {
    this.checkHead(head);
    const blobs = await this.open();
    const { sha256, sizeBytes, offset } = head;
    const known = await wholeSizeOf(blobs, sha256);
    if (known !== null) return known;
    if (offset % PART_BYTES !== 0 || offset > (await storedBytesOf(blobs, sha256))) throw otherOffset(sha256);
    const hash = createHash('sha256');
    for await (const bytes of readAttachment(blobs, { sha256, offset: 0, end: offset })) hash.update(bytes);
    await writeParts(blobs, head, hashed(body, hash));
    await this.finish(blobs, head, hash.digest('hex'));
    return sizeBytes;
  }

  /**
   * Keeps the attachments of a job that is about to be accepted. Throws `INVALID_ARGUMENT` for those that are not there, and when they are too large together.
   */
  async keep(jobId: string, attachments: readonly JobAttachment[]): Promise<void> {
    if (attachments.length === 0) return;
    const total = attachments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (total > this.limits.maxJobAttachmentsMb * MIB) {
      const description = `have ${String(total)} bytes; those of one job may have ${String(this.limits.maxJobAttachmentsMb)} MiB`;
      throw invalidArgument([{ field: 'job.attachments', description }]);
    }
    const blobs = await this.open();
    const violations: FieldViolation[] = [];
    for (const [index, { sha256, sizeBytes }] of attachments.entries()) {
      await blobs.put({ key: referenceKey(sha256, jobId), body: textBody('') });
      const field = `job.attachments[${String(index)}]`;
      const known = await wholeSizeOf(blobs, sha256);
      if (known === null) {
        const remedy =
          'upload it with AttachmentService.UploadAttachment (`marid submit --attach` does), then submit again';
        violations.push({ field: `${field}.sha256`, description: `is of no attachment that is there; ${remedy}` });
      } else if (known !== sizeBytes) {
        violations.push({
          field: `${field}.size_bytes`,
          description: `is ${String(sizeBytes)}; it has ${String(known)}`,
        });
      }
    }
    if (violations.length > 0) throw invalidArgument(violations);
  }

  private checkHead({ sha256, sizeBytes, offset }: UploadHead): void {
    checkHash(sha256);
    const most = this.limits.maxAttachmentMb;
    if (sizeBytes < 0 || sizeBytes > most * MIB) {
      const description = `is ${String(sizeBytes)}; an attachment may have ${String(most)} MiB: put larger files where workers fetch them, and name them as dependencies`;
      throw invalidArgument([{ field: 'head.size_bytes', description }]);
    }
    if (offset < 0 || offset > sizeBytes) throw otherOffset(sha256);
  }

  private async finish(blobs: BlobStore, { sha256, sizeBytes }: UploadHead, found: string): Promise<void> {
    if (found !== sha256) {
      await removeParts(blobs, sha256);
      const description = `is not the hash of what was sent, which is ${found}; the file has changed, or a part was damaged: send it from its start`;
      throw invalidArgument([{ field: 'head.sha256', description }]);
    }
    await markWhole(blobs, sha256, sizeBytes);
  }
}

async function* hashed(body: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    hash.update(bytes);
    yield bytes;
  }
}

/** Writes the bytes behind the offset as parts, never more than the size says, and each only where none is. */
async function writeParts(blobs: BlobStore, head: UploadHead, body: AsyncIterable<Uint8Array>): Promise<void> {
  const { sha256, sizeBytes } = head;
  let held: Uint8Array[] = [];
  let size = 0;
  let at = head.offset;
  const flush = async (length: number): Promise<void> => {
    const bytes = Buffer.concat(held);
    const part = bytes.subarray(0, length);
    await writePart(blobs, { sha256, number: at / PART_BYTES, part });
    at += length;
    held = [bytes.subarray(length)];
    size -= length;
  };
  for await (const bytes of body) {
    held.push(bytes);
    size += bytes.length;
    if (at + size > sizeBytes) throw otherSize(sizeBytes);
    while (size >= PART_BYTES) await flush(PART_BYTES);
  }
  if (at + size !== sizeBytes) throw otherSize(sizeBytes);
  if (size > 0) await flush(size);
}

/** A part that is there already has to be the same: what was checked never changes. */
async function writePart(
  blobs: BlobStore,
  { sha256, number, part }: { readonly sha256: string; readonly number: number; readonly part: Buffer },
): Promise<void> {
  const key = partKey(sha256, number);
  if ((await blobs.put({ key, ifAbsent: true, body: bytesBody(part) })) !== null) return;
  const there: Uint8Array[] = [];
  for await (const bytes of (await blobs.get({ key }))?.body ?? []) there.push(bytes);
  if (part.equals(Buffer.concat(there))) return;
  await removeParts(blobs, sha256);
  throw otherOffset(sha256);
}

/** Its size if it is complete. A mark without its parts, as two uploads of which one is false can leave it, does not count. */
async function wholeSizeOf(blobs: BlobStore, sha256: string): Promise<number | null> {
  const size = await sizeOfAttachment(blobs, sha256);
  if (size === null) return null;
  const parts = await partsOf(blobs, sha256);
  return parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) === size ? size : null;
}

async function partsOf(blobs: BlobStore, sha256: string): Promise<readonly BlobInfo[]> {
  const parts: BlobInfo[] = [];
  for (let full = true; full;) {
    const page = await blobs.list({ prefix: partsPrefix(sha256), after: parts.at(-1)?.key ?? null, limit: PAGE });
    parts.push(...page);
    full = page.length === PAGE;
  }
  return parts;
}

/** Bytes of whole parts from the first on without a gap: what an upload can go on behind. */
async function storedBytesOf(blobs: BlobStore, sha256: string): Promise<number> {
  const parts = await partsOf(blobs, sha256);
  const whole = parts.findIndex(
    ({ key, sizeBytes }, index) => key !== partKey(sha256, index) || sizeBytes !== PART_BYTES,
  );
  return (whole === -1 ? parts.length : whole) * PART_BYTES;
}

async function removeParts(blobs: BlobStore, sha256: string): Promise<void> {
  for (const { key } of await partsOf(blobs, sha256)) await blobs.delete({ key });
}

async function markWhole(blobs: BlobStore, sha256: string, sizeBytes: number): Promise<void> {
  await blobs.put({ key: wholeKey(sha256), body: textBody(String(sizeBytes)) });
}

async function* textBody(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield Buffer.from(text);
}

async function* bytesBody(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function checkHash(sha256: string): void {
  if (isSha256(sha256)) return;
  throw invalidArgument([{ field: 'sha256', description: 'must be 64 hexadecimal digits in lower case' }]);
}

/** Retryable: who asks again how much is there can go on. */
function otherOffset(sha256: string): MaridError {
  const text = `More or less of the attachment ${sha256} is there than this upload begins behind; ask again how much.`;
  return new MaridError('UNAVAILABLE', text);
}

function otherSize(sizeBytes: number): MaridError {
  const description = `is ${String(sizeBytes)}, but another number of bytes was sent`;
  return invalidArgument([{ field: 'head.size_bytes', description }]);
}
