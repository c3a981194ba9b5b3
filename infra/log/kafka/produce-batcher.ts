/** Joins records of calls that are in flight together into few requests. */
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { LogRecord } from '../../../core/ports/topic-log.js';
import { bytesOfRecord, keyOf } from './records.js';

/** Limits of one request. A record that is larger alone goes alone. */
const MAX_RECORDS = 500;
const MAX_BYTES = 512 * 1024;
/** Longest time that a record waits for others while a request is in flight. */
const LINGER_MS = 10;
/** Requests in flight; each has partitions of its own. */
const MAX_REQUESTS = 4;

/** Options of `ProduceBatcher`. */
export interface ProduceBatcherOptions {
  /** Appends records, in order per partition; resolves when they are durable. */
  readonly send: (records: readonly LogRecord[]) => Promise<void>;
  readonly clock: Clock;
  /** Longest time of a call, milliseconds. */
  readonly timeoutMs: number;
}

/** One call of `add`. */
interface Call {
  /** Records not yet durable. */
  left: number;
  settled: boolean;
  readonly settle: (error: unknown) => void;
}

interface Item {
  readonly record: LogRecord;
  readonly partition: string;
  readonly bytes: number;
  readonly call: Call;
}

/**
 * With nothing in flight, records go at once, together with those of other calls in the same turn. Otherwise they wait until a request has ended, 10 ms
 * are over, or a request is full. A partition is in one request at a time, so its order is kept whatever has to be repeated.
 */
export class ProduceBatcher {
  private queue: Item[] = [];
  private queuedBytes = 0;
  private readonly locked = new Set<string>();
  private requests = 0;
  private cancelLinger: (() => void) | null = null;
  private pumping = false;
  private whenIdle: (() => void)[] = [];

  constructor(private readonly options: ProduceBatcherOptions) {}

  /** Resolves when the records are durable. A rejection means that they may have been stored. */
  add(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const call = this.newCall(records.length, resolve, reject);
      for (const record of records) {
        const bytes = bytesOfRecord(record);
        this.queue.push({ record, partition: keyOf(record), bytes, call });
        this.queuedBytes += bytes;
      }
      this.wake();
    });
  }

  /** Resolves when nothing is queued or in flight. */
  async idle(): Promise<void> {
    if (this.requests === 0 && this.queue.length === 0) return;
    await new Promise<void>((resolve) => this.whenIdle.push(resolve));
  }

  private newCall(left: number, resolve: () => void, reject: (error: unknown) => void): Call {
    const { clock, timeoutMs } = this.options;
    const cancelTimer = clock.after(timeoutMs, () => {
      const message = `Producing to Kafka got no answer within ${String(timeoutMs)} ms; whether it was done is unknown.`;
      call.settle(new MaridError('DEADLINE_EXCEEDED', message));
      this.dropSettled();
    });
    const call: Call = {
      left,
      settled: false,
      settle: (error) => {
        if (call.settled) return;
        call.settled = true;
        cancelTimer();
        if (error === null) resolve();
        else reject(error);
      },
    };
    return call;
  }

  private wake(): void {
    if (this.requests === 0) this.pumpSoon();
    else if (this.queue.length >= MAX_RECORDS || this.queuedBytes >= MAX_BYTES) this.pump();
    else this.linger();
  }

  /** At the end of this turn's microtasks, so that calls of the same turn share a request. */
  private pumpSoon(): void {
    if (this.pumping) return;
    this.pumping = true;
    queueMicrotask(() => {
      this.pumping = false;
      this.pump();
    });
  }

  private linger(): void {
    this.cancelLinger ??= this.options.clock.after(LINGER_MS, () => {
      this.cancelLinger = null;
      this.pump();
    });
  }

  private pump(): void {
    while (this.requests < MAX_REQUESTS && this.queue.length > 0) {
      const batch = this.takeBatch();
      if (batch.length === 0) break; // all that waits is behind a request of its partition, whose end pumps again
      void this.request(batch);
    }
    if (this.requests > 0 || this.queue.length > 0) return;
    for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  /** Takes the next records of partitions that are in no request. */
  private takeBatch(): readonly Item[] {
    const batch: Item[] = [];
    const rest: Item[] = [];
    let bytes = 0;
    let full = false;
    for (const item of this.queue) {
      full ||= batch.length >= MAX_RECORDS || (batch.length > 0 && bytes + item.bytes > MAX_BYTES);
      if (full || this.locked.has(item.partition)) {
        rest.push(item);
        continue;
      }
      batch.push(item);
      bytes += item.bytes;
    }
    this.queue = rest;
    this.queuedBytes -= bytes;
    return batch;
  }

  private async request(batch: readonly Item[]): Promise<void> {
    const partitions = new Set(batch.map((item) => item.partition));
    for (const partition of partitions) this.locked.add(partition);
    this.requests += 1;
    await this.sendTogether(batch);
    this.requests -= 1;
    for (const partition of partitions) this.locked.delete(partition);
    this.cancelLinger?.();
    this.cancelLinger = null;
    this.pump();
  }

  /** Never rejects. A refusal may be the fault of one call: the others do not suffer for it. */
  private async sendTogether(batch: readonly Item[]): Promise<void> {
    try {
      await this.options.send(batch.map((item) => item.record));
      for (const { call } of batch) {
        call.left -= 1;
        if (call.left === 0) call.settle(null);
      }
    } catch (error) {
      const calls = new Set(batch.map((item) => item.call));
      if (calls.size > 1 && isRefusal(error)) {
        for (const call of calls) await this.sendTogether(batch.filter((item) => item.call === call));
        return;
      }
      for (const call of calls) call.settle(error);
      this.dropSettled();
    }
  }

  /** What is left of a call that has failed is not sent any more. */
  private dropSettled(): void {
    this.queue = this.queue.filter((item) => !item.call.settled);
    this.queuedBytes = this.queue.reduce((sum, item) => sum + item.bytes, 0);
    if (this.requests === 0) this.pumpSoon();
  }
}

function isRefusal(error: unknown): boolean {
  return isMaridError(error) && (error.code === 'NOT_FOUND' || error.code === 'INVALID_ARGUMENT');
}
