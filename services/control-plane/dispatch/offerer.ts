/** Tells the workers of a pool that a job can be claimed. */
import { choosePartition } from '../../../core/dispatch/placement.js';
import { jobTopic } from '../../../core/fleet/topics.js';
import type { Job } from '../../../core/job/job.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { Service } from '../../../core/ports/service.js';
import type { LogRecord, TopicLog } from '../../../core/ports/topic-log.js';
import { encodeOffer } from '../../../proto/codec/index.js';
import type { Grants } from './grants.js';
import { partitionsOf, type PartitionCounts } from '../topics.js';

/** Offers in one produce. */
const BATCH = 500;
/** Offers that may wait; beyond that they are left to the dispatch loop. */
const MAX_WAITING = 20_000;

/** A worker that takes jobs, as far as placement cares. */
export interface OfferTarget {
  readonly memoryFreeMb: number;
  readonly partitions: readonly number[];
}

/** Options of `Offerer`. */
export interface OffererOptions {
  readonly log: TopicLog;
  readonly partitions: PartitionCounts;
  /** Workers of a pool that take jobs now. */
  readonly targets: (pool: string) => readonly OfferTarget[];
  /** Where the offers of pools go whose workers ask; `null`: all go through the log. */
  readonly grants: Pick<Grants, 'offer'> | null;
  readonly random: Random;
  readonly logger: Logger;
}

/** What an offer tells. */
type OfferedJob = Pick<Job, 'id' | 'pool' | 'memoryMb' | 'offers'>;

/**
 * Offers are hints: one that cannot be sent is only logged, since the dispatch loop repeats it and workers also ask by themselves.
 *
 * States: idle, sending (one produce at a time; offers that come meanwhile share the next), stopped (`stop`, after what waits was sent once).
 */
export class Offerer implements Service {
  private readonly waiting: OfferedJob[] = [];
  private sending: Promise<void> | null = null;

  constructor(private readonly options: OffererOptions) {}

  async start(): Promise<void> {
    // nothing runs until a job is offered
  }

  /** Offers a job; returns at once. */
  offer(job: Job): void {
    if (this.options.grants?.offer(job) === true || this.waiting.length >= MAX_WAITING) return;
    const { id, pool, memoryMb, offers } = job;
    this.waiting.push({ id, pool, memoryMb, offers });
    this.wake();
  }

  async stop(): Promise<void> {
    while (this.sending !== null) await this.sending;
  }

  private wake(): void {
    if (this.sending !== null || this.waiting.length === 0) return;
    this.sending = this.send().finally(() => {
      this.sending = null;
      this.wake(); // for what came after the last look
    });
  }

  private async send(): Promise<void> {
    await Promise.resolve(); // let the submits of this turn join the batch
    while (this.waiting.length > 0) {
      const jobs = this.waiting.splice(0, BATCH);
      try {
        const records = this.recordsOf(jobs);
        if (records.length > 0) await this.options.log.produce({ records });
      } catch (error) {
        this.options.logger.warn(
          { error, offers: jobs.length },
          'offers could not be sent; the dispatch loop repeats them',
        );
      }
    }
  }

  /** Where workers ask, nobody is told of the jobs of a pool without workers: the first that comes asks. */
  private recordsOf(jobs: readonly OfferedJob[]): readonly LogRecord[] {
    const pools = new Set(jobs.map(({ pool }) => pool));
    const workers = new Map([...pools].map((pool) => [pool, this.options.targets(pool)]));
    return jobs.flatMap((job) => {
      const targets = workers.get(job.pool) ?? [];
      return this.options.grants !== null && targets.length === 0 ? [] : [this.recordOf(job, targets)];
    });
  }

  private recordOf({ id, pool, memoryMb, offers }: OfferedJob, workers: readonly OfferTarget[]): LogRecord {
    const topic = jobTopic(pool);
    const partitions = partitionsOf(this.options.partitions, topic);
    const partition = choosePartition({ partitions, memoryMb, workers, random: this.options.random });
    const value = encodeOffer({ jobId: id, memoryMb, offer: offers + 1 });
    return { topic, partition, key: id, value, headers: {} };
  }
}
