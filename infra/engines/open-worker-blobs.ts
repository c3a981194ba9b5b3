/** The blob store of a worker, as it is configured: opened when it is first needed. */
import type { BlobStore } from '../../core/ports/blob-store.js';
import type { Logger } from '../../core/ports/logger.js';
import type { BlobService } from '../../proto/gen/marid/v1/blob_service_pb.js';
import type { ServiceClient } from '../../proto/rpc/service.js';
import type { S3Choice } from './engine-options.js';
import { openS3 } from './open-blobs.js';

/** Options of `WorkerBlobs`. */
export interface WorkerBlobsOptions {
  readonly choice: S3Choice & { readonly blobs: 'remote' | 's3' };
  /** The control plane's blobs; its channel stays the caller's. */
  readonly remote: ServiceClient<typeof BlobService>;
  readonly logger: Logger;
}

/** States: new, open (the first `open` that succeeds; one that fails is forgotten), closed (`close`). */
export class WorkerBlobs {
  #opened: Promise<BlobStore> | null = null;

  constructor(private readonly options: WorkerBlobsOptions) {}

  /** The store. Rejects with `UNAVAILABLE` while it cannot be reached. */
  open(): Promise<BlobStore> {
    this.#opened ??= this.#connect().catch((error: unknown) => {
      this.#opened = null;
      throw error;
    });
    return this.#opened;
  }

  async close(): Promise<void> {
    const store = await this.#opened?.catch(() => null);
    await store?.close();
  }

  async #connect(): Promise<BlobStore> {
    const { choice, remote, logger } = this.options;
    if (choice.blobs === 's3') return openS3(choice, logger);
    const { RemoteBlobStore } = await import('../blobs/remote/remote-blob-store.js');
    return new RemoteBlobStore(remote);
  }
}
