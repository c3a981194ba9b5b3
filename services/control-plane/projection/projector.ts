/** Applies what workers tell to the jobs. */
import { isMaridError } from '../../../core/errors/marid-error.js';
import { TOPICS } from '../../../core/fleet/topics.js';
import type { RetryPolicy } from '../../../core/job/retry.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { Service } from '../../../core/ports/service.js';
import type { LogRecord, StoredRecord, TopicLog } from '../../../core/ports/topic-log.js';
import { decodeArchiveNews, decodeWorkerEvent } from '../../../proto/codec/index.js';
import type { JobRepository } from '../jobs/job-repository.js';
import { partitionsOf, type PartitionCounts } from '../topics.js';
import { applyWorkerEvents, type ToldEvent } from './apply-events.js';
import { untilAborted } from '../until-aborted.js';
import { Barriers } from './barriers.js';
import { EventIntake } from './event-intake.js';

/** Consumer group of all control planes. */
const GROUP = 'marid.control-plane';
/** Records applied in one round; their writes share commits. */
const ROUND = 2000;
/** Queue lengths at which the topic is paused and taken up again. */
const PAUSE_ABOVE = 5000;
const RESUME_BELOW = 1000;
const BACK_OFF_MS = [50, 100, 250, 500, 1000, 2000, 5000] as const;
/** Tries of an event whose failure is no outage before it is passed over. */
const POISON_TRIES = 5;

/** How long the store may be out of reach until others, who may reach it, get the partitions; longer than a replica set needs for an election. */
const STORE_PATIENCE_MS = 20_000;

/** Counts since the start. */
export interface ProjectorCounts {
  readonly applied: number;
  /** Dropped because they were of the past or of another owner. */
  readonly stale: number;
  /** Passed over: unreadable, or impossible to apply. */
  readonly poison: number;
}

/** Options of `Projector`. */
export interface ProjectorOptions {
  readonly log: TopicLog;
  readonly jobs: JobRepository;
  readonly retry: RetryPolicy;
  readonly partitions: PartitionCounts;
  /** Milliseconds without the store until it leaves its partitions to others. Default: 20,000. */
  readonly storePatienceMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Records queue up while a round is applied: events of one job in order and in one write, different jobs at once, so that a round costs about one
 * commit however long it is. An outage of the store repeats the round with back-off; nothing is lost because nothing is committed.
 *
 * States: new; working (`start`); aside (the store was out of reach for 20 s: the group is left, and joined again when the round has succeeded); stopped (`stop`: the round under way is finished or, in an outage, left to the successor).
 */
export class Projector implements Service {
  private readonly ended = new AbortController();
  private readonly intake: EventIntake;
  private readonly barriers = new Barriers();
  private queue: StoredRecord[] = [];
  private working: Promise<void> | null = null;
  private readonly answering = new Set<Promise<void>>();
  private aside = false;
  private counted = { applied: 0, stale: 0, poison: 0 };

  constructor(private readonly options: ProjectorOptions) {
    const { log, clock, logger } = options;
    this.intake = new EventIntake({
      ...{ log, clock, logger, topic: TOPICS.workerEvents, group: GROUP },
      onRecords: (records) => {
        this.enqueue(records);
      },
    });
  }

  /** What happened since the start. */
  get counts(): ProjectorCounts {
    return this.counted;
  }

  async start(): Promise<void> {
    await this.intake.start();
  }

  async stop(): Promise<void> {
    this.ended.abort();
    await this.working;
    await this.intake.stop();
    await Promise.all(this.answering);
  }

  /**
   * Resolves when all events that the log had at the call are applied, by whichever control plane: true, or false when that took longer than `timeoutMs` or this
   * process ends. Rejects when the log refuses.
   */
  async caughtUp(timeoutMs: number): Promise<boolean> {
    const { log, random } = this.options;
    const id = random.id();
    const { records, passed } = this.barriers.begin(id, await log.partitions({ topic: TOPICS.workerEvents }));
    try {
      await log.produce({ records });
      return await this.inTime(passed, timeoutMs);
    } finally {
      this.barriers.cancel(id);
    }
  }

  /** Takes a record of the topic of heartbeats: other control planes answer there. */
  takeAnswer(record: StoredRecord): void {
    this.barriers.takeAnswer(record);
  }

  /** Whether a promise that never rejects resolves in time. */
  private async inTime(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
    const over = new AbortController();
    const late = Promise.race([
      this.options.clock.sleep(timeoutMs, over.signal),
      untilAborted(over.signal, this.ended.signal),
    ]);
    const result = await Promise.race([promise.then(() => true), late.then(() => false)]);
    over.abort();
    return result;
  }

  private enqueue(records: readonly StoredRecord[]): void {
    this.queue.push(...records);
    if (this.queue.length > PAUSE_ABOVE) this.intake.pause();
    this.wake();
  }

  private wake(): void {
    if (this.working !== null || this.queue.length === 0 || this.ended.signal.aborted) return;
    this.working = this.work().finally(() => {
      this.working = null;
      this.wake(); // for what came after the last look at the queue
    });
  }

  private async work(): Promise<void> {
    while (this.queue.length > 0 && !this.ended.signal.aborted) {
      const round = this.queue.splice(0, ROUND);
      if (!(await this.apply(round))) return;
      const heartbeatPartitions = partitionsOf(this.options.partitions, TOPICS.heartbeats);
      this.answer(round.map((record) => this.barriers.settle(record, heartbeatPartitions)));
      this.intake.settle(round);
      if (this.queue.length < RESUME_BELOW) this.intake.resume();
    }
  }

  /** Tells other control planes that their marks are settled. */
  private answer(answers: readonly (LogRecord | null)[]): void {
    const records = answers.filter((each) => each !== null);
    if (records.length === 0) return;
    const sending = this.options.log
      .produce({ records })
      .catch((error: unknown) => {
        this.options.logger.warn({ error }, 'the mark of another control plane could not be answered; it asks again');
      })
      .finally(() => this.answering.delete(sending));
    this.answering.add(sending);
  }

  /** Applies a round, again and again until each job's events are applied or passed over: true. False: stopped in between. */
  private async apply(round: readonly StoredRecord[]): Promise<boolean> {
    const { clock, storePatienceMs = STORE_PATIENCE_MS } = this.options;
    let left = this.byJob(round);
    let reachedAt = clock.monotonic();
    for (let failures = 0; left.length > 0; failures += 1) {
      const outcomes = await Promise.all(left.map((events) => this.applyToJob(events, failures)));
      if (outcomes.includes(true)) reachedAt = clock.monotonic();
      left = left.filter((_, index) => outcomes[index] === false);
      if (left.length === 0) break;
      if (clock.monotonic() - reachedAt > storePatienceMs) this.standAside();
      if (this.ended.signal.aborted) return false;
      const pause = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)] ?? 0;
      await clock.sleep(pause, this.ended.signal);
    }
    this.comeBack();
    return true;
  }

  /** Others may reach the store. What is queued goes to them. */
  private standAside(): void {
    if (this.aside) return;
    this.options.logger.warn({ queued: this.queue.length }, 'the store is out of reach: others get the worker events');
    this.aside = true;
    this.queue = [];
    this.intake.standAside();
  }

  private comeBack(): void {
    if (!this.aside) return;
    this.options.logger.info({}, 'the store is back: worker events are read again');
    this.aside = false;
    this.intake.comeBack();
  }

  /** The readable events of a round by job, in order. */
  private byJob(round: readonly StoredRecord[]): readonly (readonly ToldEvent[])[] {
    const jobs = new Map<string, ToldEvent[]>();
    for (const record of round) {
      if (this.barriers.isMark(record)) continue;
      const events = eventsOf(record);
      if (events === null) this.passOver({ partition: record.partition, offset: record.offset }, 1);
      for (const event of events ?? []) appendTo(jobs, event.jobId, event);
    }
    return [...jobs.values()];
  }

  /** Applies the events of one job. False: to be tried again. */
  private async applyToJob(events: readonly ToldEvent[], failures: number): Promise<boolean> {
    const { jobs, clock, retry } = this.options;
    const jobId = events[0]?.jobId ?? '';
    try {
      const decided = await jobs.decide(jobId, (job) => applyWorkerEvents(job, events, { now: clock.now(), retry }));
      this.count(jobId, events.length, decided?.result.dropped ?? events.map(() => 'there is no such job'));
      return true;
    } catch (error) {
      if ((isMaridError(error) && error.retryable) || failures + 1 < POISON_TRIES) {
        this.options.logger.warn({ error, jobId }, 'worker events could not be applied; trying again');
        return false;
      }
      this.passOver({ error, jobId }, events.length);
      return true;
    }
  }

  private count(jobId: string, events: number, dropped: readonly string[]): void {
    this.counted.applied += events - dropped.length;
    this.counted.stale += dropped.length;
    if (dropped.length > 0) this.options.logger.debug({ jobId, dropped }, 'stale worker events dropped');
  }

  private passOver(fields: Readonly<Record<string, unknown>>, events: number): void {
    this.counted.poison += events;
    this.options.logger.error(fields, 'worker events that cannot be applied are passed over');
  }
}

/** What a record tells; `null` when it is unreadable. */
function eventsOf({ value }: StoredRecord): readonly ToldEvent[] | null {
  const event = decodeWorkerEvent(value);
  if (event !== null) return [event];
  const news = decodeArchiveNews(value);
  return news === null ? null : news.archives.map((each) => ({ ...each, workerId: news.workerId }));
}

function appendTo<V>(lists: Map<string, V[]>, key: string, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
