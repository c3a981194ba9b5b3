/** The records of a launcher's attempts in its folder. */
import { closeSync, openSync, readdirSync, readFileSync, unlinkSync, writeSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { ProcessExit } from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import {
  decodeRecord,
  encodeRecordLine,
  isRecordName,
  recordName,
  type AttemptRecord,
  type IntendedProcess,
  type RecordedProcess,
} from './attempt-record.js';
import { succeeds } from './errno.js';

/** A record that is being begun; the file stays open between its first two lines. */
export interface OpenRecord {
  /** Adds that the process runs, and closes the file. */
  readonly started: (process: RecordedProcess) => void;
  /** Takes the record back: nothing was started. */
  readonly discard: () => void;
}

/**
 * Writes and reads records. What is written survives the end of every process, not that of the machine: nothing is synced, because processes do not
 * survive that either.
 */
export class RecordFolder {
  private readonly folder: string;
  private readonly logger: Logger;

  constructor(options: { readonly folder: string; readonly logger: Logger }) {
    this.folder = options.folder;
    this.logger = options.logger;
  }

  /** Writes down what is about to be started. */
  begin(intended: IntendedProcess): OpenRecord {
    const path = this.pathOf(intended.attempt);
    const descriptor = openSync(path, 'w', 0o600);
    const discard = (): void => {
      closeSync(descriptor);
      unlinkSync(path);
    };
    try {
      writeWhole(descriptor, encodeRecordLine({ intended }));
    } catch (error) {
      discard();
      throw error;
    }
    const started = (process: RecordedProcess): void => {
      this.addStarted(descriptor, process);
      closeSync(descriptor);
    };
    return { started, discard };
  }

  /** Writes down an exit. */
  end(exit: ProcessExit): void {
    appendFileSync(this.pathOf(exit.attempt), encodeRecordLine({ ended: exit }));
  }

  /** Removes a record; nothing when there is none. */
  remove(attempt: AttemptReference): void {
    succeeds(() => {
      unlinkSync(this.pathOf(attempt));
    }, 'ENOENT');
  }

  /** All records. What cannot be read is logged and left: it may be looked into by a person. */
  load(): readonly AttemptRecord[] {
    const names = readdirSync(this.folder).filter(isRecordName);
    return names.flatMap((name) => this.read(name) ?? []);
  }

  /** When the disk is full the process runs all the same: a later launcher finds it by its output. */
  private addStarted(descriptor: number, started: RecordedProcess): void {
    try {
      writeSync(descriptor, encodeRecordLine({ started }));
    } catch (error) {
      this.logger.error({ processId: started.processId, error }, 'a start could not be recorded');
    }
  }

  private read(name: string): AttemptRecord | null {
    const path = join(this.folder, name);
    try {
      const record = decodeRecord(readFileSync(path, 'utf8'));
      if (record === null) unlinkSync(path);
      return record;
    } catch (error) {
      this.logger.error({ name, error }, 'a record cannot be read');
      return null;
    }
  }

  private pathOf(attempt: AttemptReference): string {
    return join(this.folder, recordName(attempt));
  }
}

/** A disk that has just become full takes a part. */
function writeWhole(descriptor: number, text: string): void {
  if (writeSync(descriptor, text) === Buffer.byteLength(text)) return;
  throw new MaridError('RESOURCE_EXHAUSTED', 'The disk of the launcher has no room for a record.');
}
