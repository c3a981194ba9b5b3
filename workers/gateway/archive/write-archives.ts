/** Writes what attempts have left to the blob store: packs of files one behind the other, then the manifests. Until those are there, there is no archive. */
import type { ArchivePlace } from '../../../core/archive/archive-status.js';
import { manifestsKey, packKey } from '../../../core/archive/keys.js';
import type { ArchiveHeader, ArchiveManifest } from '../../../core/archive/manifest.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import type { FoundFiles } from './find-files.js';
import { gathered, packBody, type Draft, type PackedFile } from './pack-body.js';

/** A pack takes no further file beyond this size. */
export const PACK_BYTES = 64 * 1024 * 1024;

/** An attempt with what was found of it. */
export interface FoundAttempt {
  readonly reference: AttemptReference;
  readonly found: FoundFiles;
}

/** An attempt that is archived. */
export interface WrittenArchive {
  readonly place: ArchivePlace;
  readonly manifest: ArchiveManifest;
}

/** Options of `writeArchives`. */
export interface WriteArchivesOptions {
  readonly attempts: readonly FoundAttempt[];
  readonly workerId: string;
  readonly blobs: BlobStore;
  /** Name of this run, unlike that of any other; fit for a key. */
  readonly run: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** The archives, in the order of the attempts. Rejects when the store does, or with the signal's reason; what was written is removed then, if it can be. */
export async function writeArchives(options: WriteArchivesOptions): Promise<readonly WrittenArchive[]> {
  const { attempts, blobs, run, signal } = options;
  const keys: string[] = [];
  const put = async (key: string, body: AsyncIterable<Uint8Array>): Promise<void> => {
    await blobs.put({ key, body });
    keys.push(key);
  };
  try {
    const drafts = attempts.map((attempt): Draft & FoundAttempt => ({ ...attempt, archived: [] }));
    for (const [index, files] of packsOf(drafts).entries()) {
      await put(packKey(run, index + 1), packBody({ pack: index + 1, files, signal }));
    }
    const { texts, written } = manifestsOf(drafts, options);
    await put(manifestsKey(run), gathered(texts));
    return written;
  } catch (error) {
    // What stays because the store is away is of a run without manifests, which the leader's sweep removes.
    await Promise.allSettled(keys.map((key) => blobs.delete({ key })));
    throw error;
  }
}

function packsOf(drafts: readonly Draft[]): readonly (readonly PackedFile[])[] {
  const packs: PackedFile[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const draft of drafts) {
    for (const file of draft.found.files) {
      if (size + file.sizeBytes > PACK_BYTES) {
        packs.push([]);
        size = 0;
      }
      packs.at(-1)?.push({ file, draft });
      size += file.sizeBytes;
    }
  }
  return packs;
}

/** The header and the manifests, one a line, and where each lies. */
function manifestsOf(
  drafts: readonly (Draft & FoundAttempt)[],
  { workerId, now, run }: WriteArchivesOptions,
): { readonly texts: readonly Buffer[]; readonly written: readonly WrittenArchive[] } {
  const jobs = drafts.map(({ reference }) => reference.jobId);
  const header: ArchiveHeader = { version: 1, workerId, archivedAt: now, jobs };
  const texts = [lineOf(header)];
  let offset = texts[0]?.length ?? 0;
  const written = drafts.map(({ reference: { jobId, attempt }, archived, found: { skipped } }) => {
    const files = archived.sort((a, b) => (a.path < b.path ? -1 : 1));
    const manifest = { jobId, attempt, files, skipped: skipped.named, skippedCount: skipped.count };
    const line = lineOf(manifest);
    const place = { run, offset, length: line.length };
    texts.push(line);
    offset += line.length;
    return { place, manifest };
  });
  return { texts, written };
}

function lineOf(value: ArchiveHeader | ArchiveManifest): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
