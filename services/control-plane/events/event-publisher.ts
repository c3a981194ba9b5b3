/** Publishes every committed transition on the job-events topic. */
import type { LRUCache } from 'lru-cache';
import { MaridError } from '../../../core/errors/marid-error.js';
import { partitionOf } from '../../../core/dispatch/partition-of.js';
import { TOPICS } from '../../../core/fleet/topics.js';
import type { Job } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { LogRecord, TopicLog } from '../../../core/ports/topic-log.js';
import { firstOf } from '../first-of.js';
import { growingCache } from '../growing-cache.js';
import type { PartitionCounts } from '../topics.js';
import { jobEventRecord } from './job-event.js';

/** Changes of so many milliseconds go out together: most transitions of a short job, and nothing of a new one stands in the way of its start. */
const GATHER_MS = 10;
/** Jobs whose transitions go out in one produce. */
const BATCH_JOBS = 500;
/** Jobs that may wait while the log is down; what is beyond is left to the sweep. */
const MAX_PENDING = 50_000;
const REMEMBERED_JOBS = 100_000;
/** Most jobs have ended until then and are marked once; less than the sweep waits before it looks at a job. */
const MARK_AFTER_MS = 3000;
const BACK_OFF_MS = [100, 200, 500, 1000, 2000, 5000] as const;

/** Options of `EventPublisher`. */
export interface EventPublisherOptions {
  readonly log: TopicLog;
  readonly store: JobStore;
  /** Nothing is published before the topic of job events has been seen: the events of a job belong on one partition. */
  readonly partitions: PartitionCounts;
  /** `ce_source` of the events, a URI reference. */
  readonly source: string;
  /** Jobs of which is remembered what was sent, so that a late mark repeats nothing. Default: 100,000. */
  readonly cacheSize?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What waits is a set of jobs, not of transitions: a job's document has its whole history, so what goes out is everything above what was sent, and a
 * failed or skipped produce never leaves a gap.
 *
 * At least once; and for each job in order, once repetitions are dropped by `sequence`, also when several control planes commit to it. For every produce begins
 * right behind transitions that are in the log already: those that this process had acknowledged, has read there, or found marked as published. So the log never
 * has a transition before the one below it, whoever writes and however the writes interleave.
 *
 * States: idle (nothing waits), sending (first a moment in which others join, then one produce at a time; jobs that come meanwhile share the next), stopped (`stop`: one last try, then
 * whatever is left is found by the sweep of the next leader).
 */
export class EventPublisher implements Service {
  private readonly pending = new Map<string, Job>();
  private readonly sent: LRUCache<string, number>;
  private readonly marks = new Map<string, number>();
  private readonly ended = new AbortController();
  private sending: Promise<void> | null = null;
  private marking: Promise<void> | null = null;
  private cancelMarkTimer: (() => void) | null = null;

  constructor(private readonly options: EventPublisherOptions) {
    this.sent = growingCache(options.cacheSize ?? REMEMBERED_JOBS);
  }

  async start(): Promise<void> {
    // nothing runs until something is to be published
  }

  /** Queues what the job's history holds above what was sent. */
  publish(job: Job): void {
    const waiting = this.pending.get(job.id);
    if (waiting !== undefined && waiting.revision > job.revision) return;
    if (waiting === undefined && this.pending.size >= MAX_PENDING) return;
    this.pending.set(job.id, job);
    this.wake();
  }

  /** Notes that a transition is in the log, whoever sent it. */
  seen(jobId: string, sequence: number): void {
    if (sequence > (this.sent.get(jobId) ?? 0)) this.sent.set(jobId, sequence);
  }

  async stop(): Promise<void> {
    this.ended.abort();
    await this.sending;
    await this.sendNext().catch((error: unknown) => {
      this.options.logger.warn({ error, jobs: this.pending.size }, 'job events are left to the next sweep');
    });
    this.cancelMarkTimer?.();
    await this.marking;
    await this.mark();
  }

  private wake(): void {
    if (this.sending !== null || this.pending.size === 0 || this.ended.signal.aborted) return;
    this.sending = this.send().finally(() => {
      this.sending = null;
      this.wake(); // for what came after the last look
    });
  }

  private async send(): Promise<void> {
    await this.options.clock.sleep(GATHER_MS, this.ended.signal);
    for (let failures = 0; this.pending.size > 0 && !this.ended.signal.aborted;) {
      try {
        await this.sendNext();
        failures = 0;
      } catch (error) {
        this.options.logger.warn({ error, jobs: this.pending.size }, 'job events could not be published; trying again');
        const pause = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)] ?? 0;
        failures += 1;
        await this.options.clock.sleep(pause, this.ended.signal);
      }
    }
  }

  private async sendNext(): Promise<void> {
    const jobs = [...firstOf(this.pending.values(), BATCH_JOBS)];
    const records = jobs.flatMap((job) => this.recordsOf(job));
    if (records.length > 0) await this.options.log.produce({ records });
    for (const job of jobs) {
      const through = job.history.at(-1)?.sequence ?? 0;
      this.seen(job.id, through);
      this.marks.set(job.id, through);
      if (this.pending.get(job.id) === job) this.pending.delete(job.id);
    }
    this.markSoon();
  }

  private recordsOf(job: Job): readonly LogRecord[] {
    const above = Math.max(this.sent.get(job.id) ?? 0, job.publishedSequence);
    const { source } = this.options;
    const partitions = this.options.partitions.get(TOPICS.jobEvents);
    if (partitions === undefined) throw new MaridError('UNAVAILABLE', 'The topic of job events was not seen yet.');
    const place = { topic: TOPICS.jobEvents, partition: partitionOf(job.id, partitions), source };
    return job.history.filter(({ sequence }) => sequence > above).map((step) => jobEventRecord(job, step, place));
  }

  private markSoon(): void {
    this.cancelMarkTimer ??= this.options.clock.after(MARK_AFTER_MS, () => {
      this.cancelMarkTimer = null;
      this.marking = this.mark();
    });
  }

  /** Notes in the store what was sent; what fails is found and marked by the sweep. */
  private async mark(): Promise<void> {
    const marks = [...this.marks].map(([id, sequence]) => ({ id, sequence }));
    this.marks.clear();
    if (marks.length === 0) return;
    try {
      await this.options.store.markPublished({ marks });
    } catch (error) {
      this.options.logger.warn(
        { error, jobs: marks.length },
        'published events could not be marked; the sweep repeats it',
      );
    }
  }
}
