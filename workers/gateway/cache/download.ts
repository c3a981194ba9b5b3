/** Brings one file from its source to a path: with several tries, each going on where the one before broke. */
import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../../../core/ports/clock.js';
import { FetchError, isFetchError, shownUri, type FetchedFile, type Fetcher } from '../../../core/ports/fetcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';

const FIRST_BACKOFF_MS = 250;
const BACKOFF_FACTOR = 3;

/** Options of `Download`. */
export interface DownloadOptions {
  readonly uri: string;
  readonly fetcher: Fetcher;
  /** Version that is there already; null: none. */
  readonly held: string | null;
  /** Made anew when the first byte comes; whatever happens, the caller removes it. */
  readonly path: string;
  readonly mostBytes: number;
  /** How often it is tried in all. */
  readonly tries: number;
  /** Limit of the whole, milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A file that has come whole, and is on disk. */
export interface Downloaded {
  readonly version: string | null;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly executable: boolean;
}

/** Used once. */
export class Download {
  readonly #options: DownloadOptions;
  readonly #tooSlow = new AbortController();
  #file: FileHandle | null = null;
  #hash: Hash = createHash('sha256');
  /** Bytes that have come, and of which version. */
  #offset = 0;
  #version: string | null = null;

  constructor(options: DownloadOptions) {
    this.#options = options;
  }

  /** Null when the source has the version that is held. Rejects with `FetchError`, or with an error of the file system. */
  async run(): Promise<Downloaded | null> {
    const { clock, timeoutMs } = this.#options;
    const cancel = clock.after(timeoutMs, () => this.#tooSlow.abort());
    try {
      return await this.#tryOften();
    } catch (error) {
      if (!this.#tooSlow.signal.aborted || !isFetchError(error)) throw error;
      throw this.#failure(`it took longer than ${timeoutMs} ms; last: ${error.message}`, true);
    } finally {
      cancel();
      await this.#file?.close();
    }
  }

  async #tryOften(): Promise<Downloaded | null> {
    const { tries, clock, random, logger, uri, signal } = this.#options;
    const over = AbortSignal.any([signal, this.#tooSlow.signal]);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#tryOnce(over);
      } catch (error) {
        if (!isFetchError(error) || !error.infrastructure || attempt >= tries || over.aborted) throw error;
        logger.warn({ uri: shownUri(uri), attempt, error }, 'a fetch failed and is tried again');
        await clock.sleep(FIRST_BACKOFF_MS * BACKOFF_FACTOR ** (attempt - 1) * (0.5 + random.next()), over);
      }
    }
  }

  async #tryOnce(over: AbortSignal): Promise<Downloaded | null> {
    const { fetcher, uri, held } = this.#options;
    const done = new AbortController();
    const signal = AbortSignal.any([over, done.signal]);
    const version = this.#version;
    const resume = version === null || this.#offset === 0 ? null : { version, offset: this.#offset };
    try {
      const fetched = await fetcher.open({ uri, held: resume === null ? held : null, resume, signal });
      return fetched === null ? null : await this.#read(fetched);
    } finally {
      done.abort();
    }
  }

  async #read(fetched: FetchedFile): Promise<Downloaded> {
    const { path, mostBytes } = this.#options;
    const { version, executable, sizeBytes } = fetched;
    this.#checkSize(sizeBytes ?? 0, mostBytes);
    const file = (this.#file ??= await open(path, 'wx', 0o600));
    await this.#goOnAt(file, fetched);
    for await (const piece of fetched.body) {
      this.#checkSize(this.#offset + piece.byteLength, mostBytes);
      await writeAll(file, piece, this.#offset);
      this.#hash.update(piece);
      this.#offset += piece.byteLength;
    }
    if (sizeBytes !== null && sizeBytes !== this.#offset) {
      throw this.#failure(`${this.#offset} of ${sizeBytes} bytes came`, true);
    }
    await file.datasync();
    return { version, sizeBytes: this.#offset, sha256: this.#hash.digest('hex'), executable };
  }

  /** From the start, unless the source goes on with what has come already. */
  async #goOnAt(file: FileHandle, { offset, version }: FetchedFile): Promise<void> {
    const continues = offset > 0 && offset === this.#offset && version === this.#version;
    if (!continues) {
      if (offset !== 0) throw this.#failure('it changed while it was fetched', true);
      await file.truncate(0);
      this.#hash = createHash('sha256');
      this.#offset = 0;
    }
    this.#version = version;
  }

  #checkSize(bytes: number, mostBytes: number): void {
    if (bytes <= mostBytes) return;
    const text = `The file ${shownUri(this.#options.uri)} cannot be fetched: it is larger than ${mostBytes} bytes.`;
    throw new FetchError('FILE_TOO_LARGE', text, false);
  }

  #failure(why: string, infrastructure: boolean): FetchError {
    const text = `The file ${shownUri(this.#options.uri)} cannot be fetched: ${why}.`;
    return new FetchError('FETCH_FAILED', text, infrastructure);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, written, bytes.byteLength - written, position + written);
    written += bytesWritten;
  }
}
