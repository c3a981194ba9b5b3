/** Marks in a topic by which one knows that everything before them was applied. */
import type { LogRecord, StoredRecord, TopicPartition } from '../../../core/ports/topic-log.js';

const HEADER = 'marid-barrier';

/** Barriers that wait to be read. Each is one record for each partition; it has passed when all of them were settled. */
export class Barriers {
  private readonly waiting = new Map<string, { readonly left: Set<number>; readonly passed: () => void }>();

  /** Begins a barrier: the records to produce, and the promise of its passing. */
  begin(id: string, partitions: readonly TopicPartition[]): BegunBarrier {
    const { promise, resolve } = newPromise();
    this.waiting.set(id, { left: new Set(partitions.map(({ partition }) => partition)), passed: resolve });
    const records = partitions.map(({ topic, partition }): LogRecord => ({
      topic,
      partition,
      key: '',
      value: new Uint8Array(),
      headers: { [HEADER]: id },
    }));
    return { records, passed: promise };
  }

  /** Whether a record is a barrier's, of this process or another. */
  isMark(record: StoredRecord): boolean {
    return HEADER in record.headers;
  }

  /** Notes that everything up to this mark was applied. */
  settle(record: StoredRecord): void {
    const id = record.headers[HEADER];
    const barrier = id === undefined ? undefined : this.waiting.get(id);
    if (id === undefined || barrier === undefined) return;
    barrier.left.delete(record.partition);
    if (barrier.left.size > 0) return;
    this.waiting.delete(id);
    barrier.passed();
  }

  /** Gives a barrier up. */
  cancel(id: string): void {
    this.waiting.delete(id);
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
