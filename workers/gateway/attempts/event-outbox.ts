/**
 * Sends the events of attempts to the log, in order, each until the log has acknowledged it. One batch is under way at a time; what comes
 * meanwhile goes with the next. A rejected batch is unknown and is sent again: readers drop sequences that they know.
 *
 * States: closed (until `open`: nothing is sent), idle (nothing queued), patient (only events that may wait, see `sendSoon`), sending, waiting to repeat, stopped (the queue is kept, nothing is sent). `#run` is the one place of change.
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
/** How long an event that nobody waits for may wait for company. */
const PATIENCE_MS = 20;
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

export class EventOutbox {
  readonly #options: EventOutboxOptions;
  readonly #stop = new AbortController();
  #queue: Queued[] = [];
  #open = false;
  #running: Promise<void> | null = null;
  #partitions = 0;
  #cancelPatience: (() => void) | null = null;

  constructor(options: EventOutboxOptions) {
    this.#options = options;
  }

  /** Events that the log has not acknowledged. */
  get size(): number {
    return this.#queue.length;
  }

  /** Sends from now on: the control plane knows the session, and drops events of any other. Idempotent. */
  open(): void {
    this.#open = true;
    this.#wake();
  }

  /** Queues an event; `acknowledged` is called once the log holds it. Default: nothing is called. */
  send(event: WorkerEvent | ArchiveNews, acknowledged: () => void = () => undefined): void {
    this.#queue.push({ event, acknowledged });
    this.#wake();
  }

  /** Queues an event that another one follows as a rule: it goes with that, or alone after a moment. */
  sendSoon(event: WorkerEvent): void {
    this.#queue.push({ event, acknowledged: () => undefined });
    this.#cancelPatience ??= this.#options.clock.after(PATIENCE_MS, () => this.#wake());
  }

  /** Resolves when nothing is queued any more, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    this.#wake();
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
    this.#cancelPatience?.();
    this.#cancelPatience = null;
    if (this.#open && this.#queue.length > 0) this.#running ??= this.#run();
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
