/** Bytes of an open file, piece by piece. */
import type { FileHandle } from 'node:fs/promises';

/** Bytes that one piece has at most. */
const PIECE_BYTES = 65_536;

/**
 * Reads `[offset, end)` of a file and then closes it. States: open, and closed: at the end, when its reader stops early, on an error, or by
 * `close`. The file may meanwhile be replaced or deleted: it reads what was there when it was opened.
 */
export class RangeReader implements AsyncIterableIterator<Uint8Array> {
  private closed = false;

  constructor(
    private readonly handle: FileHandle,
    private offset: number,
    private readonly end: number,
    private readonly owner: { readonly closed: () => void; readonly translate: (error: unknown) => unknown },
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const length = Math.min(PIECE_BYTES, this.end - this.offset);
    if (this.closed || length <= 0) return this.return();
    const piece = await this.readPiece(length);
    if (piece.length === 0) return this.return();
    this.offset += piece.length;
    return { done: false, value: piece };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Closes the file. Idempotent. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.owner.closed();
    await this.handle.close();
  }

  private async readPiece(length: number): Promise<Uint8Array> {
    try {
      const { buffer, bytesRead } = await this.handle.read(new Uint8Array(length), 0, length, this.offset);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      await this.close();
      throw this.owner.translate(error);
    }
  }
}
