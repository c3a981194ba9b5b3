/** Tells apart whose fault it was that a write failed. */

/** A body under watch. */
export interface WatchedBody {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Bytes that were read so far. */
  sizeBytes(): number;
  /** What the body threw; `null` when it did not. */
  failure(): { readonly error: unknown } | null;
}

/** Passes a body on. */
export function watchBody(body: AsyncIterable<Uint8Array>): WatchedBody {
  let size = 0;
  let failure: { readonly error: unknown } | null = null;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of body) {
        size += piece.byteLength;
        yield piece;
      }
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  return { pieces: pieces(), sizeBytes: () => size, failure: () => failure };
}
