/** Deletes records that are older, or more, than their topic keeps. */
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { TopicPartition } from '../../../core/ports/topic-log.js';
import type { SqliteDatabase } from '../../store/sqlite/sqlite-database.js';
import { expireRecords, type Topic } from './log-tables.js';

/** Time between two sweeps, milliseconds. */
const SWEEP_INTERVAL_MS = 60_000;

/** Records that one write deletes at most. */
const MAX_RECORDS_PER_WRITE = 1000;

/** What a sweeper works with. */
export interface SweeperOptions {
  readonly db: SqliteDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The topics as they are now. */
  readonly topics: () => Iterable<Topic>;
  /** Called when records of a partition were deleted. */
  readonly onExpired: (partition: TopicPartition) => void;
}

/** Sweeps once a minute from its construction until `stop`. */
export class RetentionSweeper {
  private cancelTimer: () => void;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(private readonly options: SweeperOptions) {
    this.cancelTimer = this.arm();
  }

  /** Ends it; resolves when nothing is under way. Idempotent. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer();
    await this.running;
  }

  private arm(): () => void {
    return this.options.clock.after(SWEEP_INTERVAL_MS, () => {
      this.running = this.sweepAll();
    });
  }

  private async sweepAll(): Promise<void> {
    try {
      for (const topic of this.options.topics()) await this.sweep(topic);
    } catch (error) {
      this.options.logger.warn({ error }, 'log retention sweep failed');
    }
    if (!this.stopped) this.cancelTimer = this.arm();
  }

  private async sweep(topic: Topic): Promise<void> {
    const before = this.options.clock.now() - topic.retentionMs;
    const options = { before, most: topic.retentionRecords, limit: MAX_RECORDS_PER_WRITE };
    for (let partition = 0; partition < topic.partitions; partition += 1) {
      const place = { topicId: topic.id, partition };
      let deleted = MAX_RECORDS_PER_WRITE;
      while (deleted === MAX_RECORDS_PER_WRITE && !this.stopped) {
        deleted = await this.options.db.write((connection) => expireRecords(connection, place, options), deleted);
        if (deleted > 0) this.options.onExpired({ topic: topic.name, partition });
      }
    }
  }
}
