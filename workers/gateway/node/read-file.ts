/** Streams a file of an attempt, and follows it while the attempt runs. */
import type { FileHandle } from 'node:fs/promises';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import { FileChanges } from './file-changes.js';
import { openInside } from './open-file.js';

/** Longest piece: a quarter of what the contract allows. A reader that stalls costs some dozens of them at each hop, and longer ones are no faster. */
export const MOST_CHUNK_BYTES = 64 * 1024;

/** Options of `readFile`. */
export interface ReadFileOptions {
  /** The attempt's folder. */
  readonly root: string;
  /** Checked, below the folder. */
  readonly path: string;
  /** First byte; negative: that many before the end. */
  readonly offset: number;
  /** Most bytes; 0: to the end. */
  readonly limit: number;
  /** Resolves when the attempt's process is gone; `null`: it is already, or it is not followed. */
  readonly over: Promise<void> | null;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** A piece of a file. */
export interface FilePiece {
  readonly offset: number;
  readonly data: Uint8Array;
}

/** The pieces, read as they are asked for. Rejects with `NOT_FOUND` when there is no such file and none can come any more. */
export async function* readFile(options: ReadFileOptions): AsyncGenerator<FilePiece> {
  const { root, path, over, clock } = options;
  const changes = over === null ? null : new FileChanges({ root, path, clock });
  const wait = new Waiter(changes, over, options.signal);
  let file: FileHandle | null = null;
  try {
    for (;;) {
      const last = wait.isOver;
      file = await openInside(root, path);
      if (file !== null || last || options.signal.aborted) break;
      await wait.next();
    }
    if (file === null) throw new MaridError('NOT_FOUND', `The attempt has no file ${JSON.stringify(path)}.`);
    yield* piecesOf(file, options, wait);
  } finally {
    wait.close();
    await file?.close();
  }
}

async function* piecesOf(file: FileHandle, options: ReadFileOptions, wait: Waiter): AsyncGenerator<FilePiece> {
  const { offset, limit, signal } = options;
  let position = offset >= 0 ? offset : Math.max(0, (await file.stat()).size + offset);
  const end = limit === 0 ? Number.MAX_SAFE_INTEGER : position + limit;
  const buffer = Buffer.allocUnsafe(Math.min(MOST_CHUNK_BYTES, end - position));
  while (position < end && !signal.aborted) {
    const last = wait.isOver;
    const wanted = Math.min(buffer.length, end - position);
    const { bytesRead } = await file.read(buffer, 0, wanted, position);
    if (bytesRead > 0) {
      yield { offset: position, data: Uint8Array.prototype.slice.call(buffer, 0, bytesRead) };
      position += bytesRead;
    } else if (last) return;
    // A short piece ends where the file does: whatever is written after it is told.
    if (bytesRead < wanted && !last) await wait.next();
  }
}

/** Waits for changes until the attempt is over; the attempt's end wakes it too. Every line of a job passes here, so a wait leaves next to nothing behind. */
class Waiter {
  isOver: boolean;
  readonly #changes: FileChanges | null;
  readonly #signal: AbortSignal;
  readonly #wake = (): void => this.#changes?.wake();

  constructor(changes: FileChanges | null, over: Promise<void> | null, signal: AbortSignal) {
    this.#changes = changes;
    this.#signal = signal;
    this.isOver = over === null;
    signal.addEventListener('abort', this.#wake, { once: true });
    void over?.then(() => {
      this.isOver = true;
      this.#wake();
    });
  }

  async next(): Promise<void> {
    await this.#changes?.next();
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#wake);
    this.#changes?.close();
  }
}
