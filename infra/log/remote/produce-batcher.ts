/** Joins records of calls that are in flight together. */
import { isMaridError } from '../../../core/errors/marid-error.js';
import type { LogRecord } from '../../../core/ports/topic-log.js';

/** One batch holds at most this many records and bytes of values; a single call may exceed the count, never two together. */
const MAX_RECORDS = 1_000;
const MAX_BYTES = 3 * 1024 * 1024;

interface Entry {
  readonly records: readonly LogRecord[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends one batch at a time; calls that come meanwhile make up the next one, so that order is kept and a busy producer pays for few round
 * trips. Nothing is repeated: a failed batch rejects its calls.
 */
export class ProduceBatcher {
  private readonly queue: Entry[] = [];
  private sending: Promise<void> | null = null;

  constructor(private readonly send: (records: readonly LogRecord[]) => Promise<void>) {}

  /** Resolves when the records are durable. */
  add(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    const bytes = records.reduce((sum, record) => sum + record.value.length, 0);
    return new Promise((resolve, reject) => {
      this.queue.push({ records, bytes, resolve, reject });
      this.sending ??= this.drain();
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.sending;
  }

  private async drain(): Promise<void> {
    // Calls of the same turn join the first batch.
    await Promise.resolve();
    while (this.queue.length > 0) await this.sendTogether(this.takeBatch());
    this.sending = null;
  }

  private takeBatch(): readonly Entry[] {
    let count = 0;
    let records = 0;
    let bytes = 0;
    for (const entry of this.queue) {
      records += entry.records.length;
      bytes += entry.bytes;
      if (count > 0 && (records > MAX_RECORDS || bytes > MAX_BYTES)) break;
      count += 1;
    }
    return this.queue.splice(0, count);
  }

  private async sendTogether(entries: readonly Entry[]): Promise<void> {
    try {
      await this.send(entries.flatMap((entry) => entry.records));
      for (const entry of entries) entry.resolve();
    } catch (error) {
      // A refusal may be the fault of one call: the others do not suffer for it.
      if (entries.length > 1 && isRefusal(error)) for (const entry of entries) await this.sendTogether([entry]);
      else for (const entry of entries) entry.reject(error);
    }
  }
}

function isRefusal(error: unknown): boolean {
  return isMaridError(error) && (error.code === 'NOT_FOUND' || error.code === 'INVALID_ARGUMENT');
}
