/** Blobs as they are configured; loads the driver of what was chosen. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MaridError } from '../../core/errors/marid-error.js';
import type { BlobStore } from '../../core/ports/blob-store.js';
import type { Logger } from '../../core/ports/logger.js';
import type { EngineChoice, S3Choice } from './engine-options.js';

/** A blob store with its end. */
export interface OpenBlobs {
  readonly blobs: BlobStore;
  close(): Promise<void>;
}

/** Opens it. Rejects as the `connect` of what was chosen. */
export async function openBlobs(choice: EngineChoice, logger: Logger): Promise<OpenBlobs> {
  if (choice.blobs === 's3') return ending(await openS3(choice, logger));
  const { FilesystemBlobStore } = await import('../blobs/filesystem/filesystem-blob-store.js');
  if (choice.dataFolder !== ':memory:') {
    return ending(await FilesystemBlobStore.connect({ folder: join(choice.dataFolder, 'blobs') }));
  }
  const folder = await mkdtemp(join(tmpdir(), 'marid-blobs-'));
  return ending(await FilesystemBlobStore.connect({ folder }), () => rm(folder, { recursive: true, force: true }));
}

function ending(blobs: BlobStore, then = (): Promise<void> => Promise.resolve()): OpenBlobs {
  return { blobs, close: () => blobs.close().then(then) };
}

/** Opens the bucket. Rejects as `S3BlobStore.connect`. */
export async function openS3(choice: S3Choice, logger: Logger): Promise<BlobStore> {
  const { s3Bucket: bucket, s3Endpoint: endpoint, s3Region: region, s3ForcePathStyle: forcePathStyle } = choice;
  if (bucket === null) throw new MaridError('INVALID_ARGUMENT', 's3Bucket is required, because blobs is s3.');
  const { S3BlobStore } = await import('../blobs/s3/s3-blob-store.js');
  return S3BlobStore.connect({
    ...{ bucket, forcePathStyle, logger },
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
  });
}
