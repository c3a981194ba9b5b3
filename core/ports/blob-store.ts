/** Named byte strings: attachments and archived output. Keys are `/`-separated names of our own making, never a user's path. */

/** What is known of a blob. */
export interface BlobInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes with the content. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** Blobs by key. Rejects with `UNAVAILABLE` when the store cannot be reached. */
export interface BlobStore {
  /**
   * Writes a blob whole: readers see the old content or the new, never a part; durable when it resolves. With `ifAbsent`, null and nothing
   * written when the key exists, with one winner among concurrent calls. A body that throws leaves nothing behind.
   */
  put(options: {
    readonly key: string;
    readonly body: AsyncIterable<Uint8Array>;
    readonly ifAbsent?: boolean;
  }): Promise<BlobInfo | null>;
  /** Reads bytes `[offset, offset + length)`, to the end when `length` is null; null when there is no such key. */
  get(options: {
    readonly key: string;
    readonly offset?: number;
    readonly length?: number | null;
  }): Promise<{ readonly info: BlobInfo; readonly body: AsyncIterable<Uint8Array> } | null>;
  /** What is known of a key; null when there is none. */
  head(options: { readonly key: string }): Promise<BlobInfo | null>;
  /** Blobs whose key starts with `prefix` and is greater than `after`, by key (UTF-8 order). */
  list(options: {
    readonly prefix: string;
    readonly after: string | null;
    readonly limit: number;
  }): Promise<readonly BlobInfo[]>;
  /** Deletes a key; idempotent. */
  delete(options: { readonly key: string }): Promise<void>;
  /** Ends everything; idempotent. */
  close(): Promise<void>;
}
