/** The commits of one consumer: one request at a time, never back. */
import type { PartitionOffset } from '../../../core/ports/topic-log.js';
import { keyOf } from './records.js';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Commits that come while one is in flight share the next request. */
export class OffsetCommits {
  /** Highest offset asked for, by partition. */
  private readonly asked = new Map<string, number>();
  /** What was asked for and is not durable. */
  private queued = new Map<string, PartitionOffset>();
  private waiting: Waiting[] = [];
  private sending: Promise<void> | null = null;

  /** `send` makes offsets durable. */
  constructor(private readonly send: (offsets: readonly PartitionOffset[]) => Promise<void>) {}

  /** Resolves when these offsets, or higher ones, are durable. */
  add(offsets: readonly PartitionOffset[]): Promise<void> {
    for (const offset of offsets) {
      if (offset.offset <= (this.asked.get(keyOf(offset)) ?? -1)) continue;
      this.asked.set(keyOf(offset), offset.offset);
      this.queued.set(keyOf(offset), offset);
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.sending ??= this.drain();
    });
  }

  /** Forgets what was committed of partitions other than these. */
  retain(keys: ReadonlySet<string>): void {
    for (const map of [this.asked, this.queued]) {
      for (const key of map.keys()) if (!keys.has(key)) map.delete(key);
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.sending;
  }

  private async drain(): Promise<void> {
    await Promise.resolve(); // calls of the same turn share the request
    while (this.waiting.length > 0) {
      const [offsets, waiting] = [[...this.queued.values()], this.waiting];
      this.queued = new Map();
      this.waiting = [];
      await this.sendFor(offsets, waiting);
    }
    this.sending = null;
  }

  private async sendFor(offsets: readonly PartitionOffset[], waiting: readonly Waiting[]): Promise<void> {
    try {
      if (offsets.length > 0) await this.send(offsets);
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      // The next request covers them, unless it has higher ones or the partition is gone.
      for (const offset of offsets) {
        const key = keyOf(offset);
        if (this.asked.has(key) && !this.queued.has(key)) this.queued.set(key, offset);
      }
      for (const { reject } of waiting) reject(error);
    }
  }
}
