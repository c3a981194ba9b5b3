/** Marks in the worker-events topic that show that everything before them was applied, whichever control plane applied it. */
import { partitionOf } from '../../../core/dispatch/partition-of.js';
import { TOPICS } from '../../../core/fleet/topics.js';
import type { LogRecord, StoredRecord } from '../../../core/ports/topic-log.js';

const MARK = 'marid-barrier';
const PASSED = 'marid-barrier-passed';
const PARTITION = 'marid-partition';

/**
 * Barriers that wait. Each is one mark in every partition; it has passed when all of them were settled.
 *
 * Why that proves that an event of a worker is applied, if the worker had it acknowledged before the barrier began: the mark of the event's partition stands behind
 * it; a partition is read in order, by members of one group that each begin where those before have settled everything; and a mark counts as settled only when all
 * that its reader read before is applied. It does not matter who reads the partition, nor whether that reader has lost it meanwhile: what it applied is applied. A
 * reader tells other control planes by an answer on the topic of heartbeats, which all of them read. A mark or an answer that is lost only makes the barrier late, and
 * whoever waits begins another.
 */
export class Barriers {
  private readonly waiting = new Map<string, { readonly left: Set<number>; readonly passed: () => void }>();

  /** Begins a barrier: the records to produce, and the promise of its passing. */
  begin(id: string, partitions: number): BegunBarrier {
    const { promise, resolve } = newPromise();
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    this.waiting.set(id, { left: new Set(all), passed: resolve });
    const records = all.map((partition): LogRecord => ({
      ...{ topic: TOPICS.workerEvents, partition, key: '', value: new Uint8Array() },
      headers: { [MARK]: id },
    }));
    return { records, passed: promise };
  }

  /** Whether a record is a barrier's, of this process or another. */
  isMark(record: StoredRecord): boolean {
    return MARK in record.headers;
  }

  /** Notes that everything up to this mark was applied. The answer to send when the mark is another control plane's, else `null`. */
  settle(record: StoredRecord, heartbeatPartitions: number): LogRecord | null {
    const id = record.headers[MARK];
    if (id === undefined) return null;
    if (this.waiting.has(id)) {
      this.pass(id, record.partition);
      return null;
    }
    const partition = partitionOf(id, heartbeatPartitions);
    const headers = { [PASSED]: id, [PARTITION]: String(record.partition) };
    return { topic: TOPICS.heartbeats, partition, key: '', value: new Uint8Array(), headers };
  }

  /** Takes an answer of another control plane; passes over any other record. */
  takeAnswer(record: StoredRecord): void {
    const id = record.headers[PASSED];
    if (id !== undefined) this.pass(id, Number(record.headers[PARTITION]));
  }

  /** Gives a barrier up. */
  cancel(id: string): void {
    this.waiting.delete(id);
  }

  private pass(id: string, partition: number): void {
    const barrier = this.waiting.get(id);
    if (barrier === undefined) return;
    barrier.left.delete(partition);
    if (barrier.left.size > 0) return;
    this.waiting.delete(id);
    barrier.passed();
  }
}

/** A barrier under way. */
export interface BegunBarrier {
  readonly records: readonly LogRecord[];
  /** Resolves when it has passed; never rejects. */
  readonly passed: Promise<void>;
}

function newPromise(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
