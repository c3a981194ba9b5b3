/**
 * Sends the events of attempts to the log, in order, each until the log has acknowledged it. One batch is under way at a time; what comes
 * meanwhile goes with the next. A rejected batch is unknown and is sent again: readers drop sequences that they know.
 *
 * States: closed (until `open`: nothing is sent), idle (nothing queued), sending, waiting to repeat, stopped (the queue is kept, nothing is sent). `#run` is the one place of change. Events that may wait
 * (`sendSoon`) are not queued before the next event of their job is, or their time has come.
 */
import { TOPICS } from '../../../core/fleet/topics.js';
import { partitionOf } from '../../../core/dispatch/partition-of.js';
import type { ArchiveNews } from '../../../core/archive/archive-status.js';
import type { WorkerEvent } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { TopicLog } from '../../../core/ports/topic-log.js';
import { encodeArchiveNews, encodeWorkerEvent } from '../../../proto/codec/index.js';
import { backoffMs } from '../backoff.js';

const MOST_EVENTS = 500;
const FIRST_RETRY_MS = 100;
const MOST_RETRY_MS = 5_000;

/** Options of `EventOutbox`. */
export interface EventOutboxOptions {
  readonly log: TopicLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Queued {
  readonly event: WorkerEvent | ArchiveNews;
  readonly acknowledged: () => void;
}

/** Events of one job that wait for its next one. */
interface Patient {
  readonly events: readonly Queued[];
  /** When they go without it, by the monotonic clock. */
  readonly due: number;
}

export class EventOutbox {
  readonly #options: EventOutboxOptions;
  readonly #stop = new AbortController();
  #queue: Queued[] = [];
  readonly #patient = new Map<string, Patient>();
  #open = false;
  #running: Promise<void> | null = null;
  #partitions = 0;
  #cancelPatience: (() => void) | null = null;
  /** When the timer of patience ends, by the monotonic clock; infinite: there is none. */
  #nextDue = Infinity;

  constructor(options: EventOutboxOptions) {
    this.#options = options;
  }

  /** Events that the log has not acknowledged. */
  get size(): number {
    return this.#queue.length + [...this.#patient.values()].reduce((sum, { events }) => sum + events.length, 0);
  }

  /** Sends from now on: the control plane knows the session, and drops events of any other. Idempotent. */
  open(): void {
    this.#open = true;
    this.#wake();
  }

  /** Queues an event, behind those of its job that wait; `acknowledged` is called once the log holds it. Default: nothing is called. */
  send(event: WorkerEvent | ArchiveNews, acknowledged: () => void = () => undefined): void {
    if ('status' in event) this.#queuePatient(event.jobId);
    this.#queue.push({ event, acknowledged });
    this.#wake();
  }

  /** As `send`, for an event that another one of its job follows soon as a rule: it goes with that, or alone after `patienceMs`. Those of its job that wait go with it. */
  sendSoon(event: WorkerEvent, patienceMs: number, acknowledged: () => void = () => undefined): void {
    const events = [...(this.#patient.get(event.jobId)?.events ?? []), { event, acknowledged }];
    const due = this.#options.clock.monotonic() + patienceMs;
    this.#patient.set(event.jobId, { events, due });
    this.#wakeAt(due);
  }

  /** Resolves when nothing is queued any more, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    this.#queueAll((): boolean => true);
    const giveUp = new AbortController();
    await Promise.race([this.#running ?? Promise.resolve(), this.#options.clock.sleep(timeoutMs, giveUp.signal)]);
    giveUp.abort();
  }

  /** Sends nothing any more; what is still queued is reported by the next process, from the launcher's records. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancelPatience?.();
    await this.#running;
  }

  #wake(): void {
    if (this.#open && this.#queue.length > 0) this.#running ??= this.#run();
  }

  #wakeAt(due: number): void {
    if (due >= this.#nextDue) return;
    const { clock } = this.#options;
    this.#cancelPatience?.();
    this.#nextDue = due;
    this.#cancelPatience = clock.after(Math.max(0, due - clock.monotonic()), () => {
      this.#nextDue = Infinity;
      const now = clock.monotonic();
      this.#queueAll((patient) => patient.due <= now);
      this.#wakeAt(Math.min(Infinity, ...[...this.#patient.values()].map((patient) => patient.due)));
    });
  }

  #queueAll(isTime: (patient: Patient) => boolean): void {
    for (const [jobId, patient] of this.#patient) if (isTime(patient)) this.#queuePatient(jobId);
    this.#wake();
  }

  #queuePatient(jobId: string): void {
    this.#queue.push(...(this.#patient.get(jobId)?.events ?? []));
    this.#patient.delete(jobId);
  }

  async #run(): Promise<void> {
    // Lets the events of one turn of the event loop share a batch.
    await Promise.resolve();
    for (let failures = 0; this.#queue.length > 0 && !this.#stop.signal.aborted;) {
      const batch = this.#queue.slice(0, MOST_EVENTS);
      try {
        await this.#produce(batch);
        failures = 0;
        this.#queue = this.#queue.slice(batch.length);
        for (const each of batch) each.acknowledged();
      } catch (error) {
        failures += 1;
        this.#partitions = 0; // the topic may have been made anew, with fewer of them
        await this.#pause(failures, error);
      }
    }
    this.#running = null;
  }

  async #produce(batch: readonly Queued[]): Promise<void> {
    const { log } = this.#options;
    if (this.#partitions === 0) this.#partitions = await log.partitions({ topic: TOPICS.workerEvents });
    const records = batch.map(({ event }) => {
      const key = 'status' in event ? event.jobId : (event.archives[0]?.jobId ?? '');
      const value = 'status' in event ? encodeWorkerEvent(event) : encodeArchiveNews(event);
      const partition = partitionOf(key, this.#partitions);
      return { topic: TOPICS.workerEvents, partition, key, value, headers: {} };
    });
    await log.produce({ records });
  }

  async #pause(failures: number, error: unknown): Promise<void> {
    const { clock, random, logger } = this.#options;
    const waitMs = backoffMs({ failures, firstMs: FIRST_RETRY_MS, mostMs: MOST_RETRY_MS, random });
    logger.warn(
      { error, queued: this.#queue.length, waitMs },
      'events could not be sent; they are kept and sent again',
    );
    await clock.sleep(waitMs, this.#stop.signal);
  }
}
