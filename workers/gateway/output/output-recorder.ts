/** Records when an attempt's output was written, for jobs that ask for it. */
import { constants, fstatSync, watch, type FSWatcher } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { formatOutputTime, OUTPUT_TIMES_FILE, type OutputStream } from '../../../core/job/output-times.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import { openInside } from '../node/open-file.js';

/** The longer the record, the coarser it gets: a pause of a millisecond between two looks for each of these bytes, so that a job that writes for a week without a pause has some 60 MB of it. */
const BYTES_PER_PAUSE_MS = 100_000;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Options of `OutputRecorder.open`. */
export interface OutputRecorderOptions {
  /** The attempt's directory, absolute. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A stream that is watched. */
interface WatchedStream {
  readonly name: OutputStream;
  readonly file: FileHandle;
  readonly watcher: FSWatcher | null;
  size: number;
}

/**
 * Looks at both streams whenever the system tells that one was written to, and notes sizes with the times of their last writes as the kernel knows them: so what a worker
 * that was away finds has a time too. It holds the files that the program was given, whatever the job puts in their place.
 *
 * States: open; finished (`finish`).
 */
export class OutputRecorder {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #record: FileHandle;
  readonly #streams: WatchedStream[] = [];
  readonly #over = new AbortController();
  #recorded: number;
  #lastAt = 0;
  #entries: string[] = [];
  #writing: Promise<void> | null = null;
  #pausing = false;

  private constructor(options: OutputRecorderOptions, record: FileHandle, recorded: number) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#record = record;
    this.#recorded = recorded;
  }

  /** Begins, or goes on where another process of the worker ended. `null` when there is no file to record to. */
  static async open(options: OutputRecorderOptions): Promise<OutputRecorder | null> {
    const record = await openInside(options.directory, OUTPUT_TIMES_FILE, APPEND);
    if (record === null) return null;
    const recorder = new OutputRecorder(options, record, (await record.stat()).size);
    for (const name of ['stdout', 'stderr'] as const) await recorder.#watch(name, options.directory);
    recorder.#look();
    return recorder;
  }

  /** Notes the last of it. Resolves when everything is written; never rejects. */
  async finish(): Promise<void> {
    this.#over.abort();
    this.#note();
    await this.#writing;
    for (const { watcher } of this.#streams) watcher?.close();
    await Promise.all([this.#record, ...this.#streams.map(({ file }) => file)].map((file) => file.close()));
  }

  async #watch(name: OutputStream, directory: string): Promise<void> {
    const file = await openInside(directory, name).catch(() => null);
    if (file === null) return;
    this.#streams.push({ name, file, size: 0, watcher: this.#notifications(file) });
  }

  /** Of the file that is open, not of what its name stands for by now. */
  #notifications(file: FileHandle): FSWatcher | null {
    try {
      const watcher = watch(`/proc/self/fd/${file.fd}`, { persistent: false }, () => this.#look());
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch (error) {
      this.#logger.warn({ error }, 'output cannot be watched; its times are coarse');
      return null;
    }
  }

  #look(): void {
    if (this.#pausing || this.#over.signal.aborted) return;
    this.#note();
    const pauseMs = Math.floor(this.#recorded / BYTES_PER_PAUSE_MS);
    if (pauseMs > 0) void this.#pause(pauseMs);
  }

  async #pause(ms: number): Promise<void> {
    this.#pausing = true;
    await this.#clock.sleep(ms, this.#over.signal);
    this.#pausing = false;
    if (!this.#over.signal.aborted) this.#note();
  }

  /** Notes the streams that have grown, the one that was written to earlier first. */
  #note(): void {
    const grown = this.#streams.flatMap((stream) => {
      const { size, mtimeMs } = fstatSync(stream.file.fd);
      return size > stream.size ? [{ stream, size, mtimeMs }] : [];
    });
    for (const { stream, size, mtimeMs } of grown.sort((one, other) => one.mtimeMs - other.mtimeMs)) {
      // A job may set the time of its files to anything.
      this.#lastAt = Math.max(this.#lastAt, Math.min(Math.floor(mtimeMs), this.#clock.now()));
      stream.size = size;
      this.#entries.push(formatOutputTime({ at: this.#lastAt, stream: stream.name, end: size }));
    }
    if (grown.length > 0) this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    try {
      while (this.#entries.length > 0) {
        const text = this.#entries.splice(0).join('');
        this.#recorded += text.length;
        await this.#record.appendFile(text);
      }
    } catch (error) {
      this.#logger.warn({ error }, 'times of output could not be recorded');
    }
    this.#writing = null;
  }
}
