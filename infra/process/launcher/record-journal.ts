/** The records of a launcher's attempts: one file to which lines are appended. */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { ProcessExit } from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import {
  decodeRecords,
  encodeRecordLine,
  type AttemptRecord,
  type IntendedProcess,
  type RecordedProcess,
  type RecordLine,
} from './attempt-record.js';

/** Name of the file in the launcher's folder. */
export const JOURNAL_FILE = 'records.jsonl';
/** The file is written anew, without what was forgotten, when it is larger than this in bytes and this many times as large as it was then. */
const COMPACT_ABOVE = 1024 * 1024;
const COMPACT_GROWTH = 4;
const FILE_MODE = 0o600;

/**
 * One file for all attempts, because a file for each costs more than the start of a process: on ext4 the making of a file looks at every inode that was freed
 * recently. Lines wait for the others of the same turn of the event loop, because a write costs more than a line: only what is intended is written at once. What is written survives the end of every process, not that of the machine: nothing is synced, because processes do not survive that either.
 */
export class RecordJournal {
  private readonly path: string;
  private readonly logger: Logger;
  private descriptor: number | null = null;
  private size = 0;
  /** Lines that are not written yet. */
  private waiting = '';
  private compactAbove = COMPACT_ABOVE;

  constructor(options: { readonly folder: string; readonly logger: Logger }) {
    this.path = join(options.folder, JOURNAL_FILE);
    this.logger = options.logger;
  }

  /** Writes down what is about to be started, before it returns. Throws when the disk is full. */
  begin(intended: IntendedProcess): void {
    this.append(encodeRecordLine({ intended }));
  }

  /** Writes down that it runs, soon. When the disk is full it runs all the same: a later launcher finds it by its mark. */
  started(attempt: AttemptReference, started: RecordedProcess): void {
    this.appendSoon({ attempt, started });
  }

  /** Writes down an exit, soon. */
  end(exit: ProcessExit): void {
    this.appendSoon({ ended: exit });
  }

  /** Drops a record, soon. One that comes back to the next launcher is forgotten again by its worker. */
  remove(attempt: AttemptReference): void {
    this.appendSoon({ forgotten: attempt });
    if (this.size > this.compactAbove) this.load();
  }

  /** Writes what waits: to be called before anybody is told of it. A disk that is full must not keep anybody from hearing; the lines are tried again with the next. */
  flush(): void {
    if (this.waiting === '') return;
    try {
      this.append('');
    } catch (error) {
      this.logger.error({ lines: this.waiting.length, error }, 'records could not be written');
    }
  }

  /** Reads all records, and writes the file anew without what was forgotten. Lines that cannot be read are logged. */
  load(): readonly AttemptRecord[] {
    this.flush();
    const onUnfit = (line: string, error: unknown): void => {
      this.logger.error({ line, error }, 'a line of the records cannot be read');
    };
    const records = [...decodeRecords(this.read(), onUnfit).values()];
    this.compact(records.flatMap(linesOf).join(''));
    return records;
  }

  private read(): string {
    const descriptor = openSync(this.path, 'a+', FILE_MODE);
    try {
      return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  }

  private appendSoon(line: RecordLine): void {
    if (this.waiting === '') process.nextTick(() => this.flush());
    this.waiting += encodeRecordLine(line);
  }

  /** One write, of what waits first. One that was cut short by a full disk is taken back, so that the next line does not begin in the middle. */
  private append(line: string): void {
    const bytes = Buffer.from(this.waiting + line);
    const descriptor = this.open();
    try {
      const written = writeSync(descriptor, bytes);
      if (written < bytes.length)
        throw new MaridError('RESOURCE_EXHAUSTED', 'The disk of the launcher has no room for a record.');
    } catch (error) {
      ftruncateSync(descriptor, this.size);
      throw error;
    }
    this.waiting = '';
    this.size += bytes.length;
  }

  private open(): number {
    if (this.descriptor === null) {
      this.descriptor = openSync(this.path, 'a', FILE_MODE);
      this.size = fstatSync(this.descriptor).size;
    }
    return this.descriptor;
  }

  /** The new file takes the place of the old one in one step; when it cannot be written, the old one goes on. */
  private compact(text: string): void {
    this.compactAbove = Math.max(COMPACT_ABOVE, this.size * COMPACT_GROWTH);
    try {
      writeFileSync(`${this.path}.new`, text, { mode: FILE_MODE });
      renameSync(`${this.path}.new`, this.path);
    } catch (error) {
      this.logger.error({ error }, 'the records could not be written anew');
      return;
    }
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
    this.compactAbove = Math.max(COMPACT_ABOVE, text.length * COMPACT_GROWTH);
  }
}

function linesOf({ intended, started, exit }: AttemptRecord): readonly string[] {
  const lines: RecordLine[] = [{ intended }];
  if (started !== null) lines.push({ attempt: intended.attempt, started });
  if (exit !== null) lines.push({ ended: exit });
  return lines.map(encodeRecordLine);
}
