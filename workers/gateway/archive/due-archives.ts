/** Attempts that are to be archived, in a file of lines that grows: what a worker has not done when it ends, the next process does. */
import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { isErrno } from '../../../core/errors/system-error.js';
import { attemptKey } from '../../../core/job/attempt-key.js';
import type { AttemptReference } from '../../../core/job/job.js';

/** The file is written anew when it is larger than this and mostly of the past. */
const LARGE_BYTES = 4 * 1024 * 1024;
const LINE_BYTES = 100;

/** An attempt that is to be archived. */
export interface DueArchive extends AttemptReference {
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
}

const lineSchema = z.object({
  jobId: z.string().min(1),
  attempt: z.int().min(1),
  endedAt: z.number(),
  done: z.boolean().default(false),
});

/**
 * Lines are written without waiting for the disk: they outlive the process, and what a crash of the machine takes, the leader's sweep tells of. A line begins with a
 * line break, so that one that was cut off by a full disk spoils no other.
 */
export class DueArchives {
  readonly #due = new Map<string, DueArchive>();
  #file: number | null = null;
  #bytes = 0;

  constructor(private readonly path: string) {}

  /** All that are noted. */
  all(): readonly DueArchive[] {
    this.#open();
    return [...this.#due.values()];
  }

  /** Notes one, before its end is told. Throws when the disk is full. */
  note(due: DueArchive): void {
    this.#write([due]);
    this.#due.set(attemptKey(due), due);
  }

  /** Forgets some. */
  remove(dues: readonly DueArchive[]): void {
    const known = dues.filter((due) => this.#due.delete(attemptKey(due)));
    if (known.length > 0) this.#write(known.map((due) => ({ ...due, done: true })));
    if (this.#bytes > LARGE_BYTES + 4 * LINE_BYTES * this.#due.size) this.#rewrite();
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #write(lines: readonly (DueArchive & { readonly done?: boolean })[]): void {
    const text = lines.map((line) => `\n${JSON.stringify(line)}`).join('');
    this.#bytes += writeSync(this.#open(), text);
  }

  #open(): number {
    if (this.#file !== null) return this.#file;
    for (const line of linesOf(this.path)) {
      const parsed = parse(line);
      if (parsed?.done === true) this.#due.delete(attemptKey(parsed));
      else if (parsed !== null) this.#due.set(attemptKey(parsed), parsed);
    }
    return this.#rewrite();
  }

  #rewrite(): number {
    const text = [...this.#due.values()].map((due) => `\n${JSON.stringify(due)}`).join('');
    writeFileSync(`${this.path}.new`, text);
    renameSync(`${this.path}.new`, this.path);
    this.close();
    this.#bytes = text.length;
    return (this.#file = openSync(this.path, 'a'));
  }
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

function parse(line: string): z.output<typeof lineSchema> | null {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return null; // cut off
  }
}
