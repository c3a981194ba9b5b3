/** Beats on the heartbeats topic, where they are needed. A beat that cannot be sent is not repeated: the next one says more. */
import { PollLoop } from '../../../core/loops/poll-loop.js';
import { partitionOf } from '../../../core/dispatch/partition-of.js';
import { TOPICS } from '../../../core/fleet/topics.js';
import type { WorkerBeat } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { TopicLog } from '../../../core/ports/topic-log.js';
import { encodeBeat } from '../../../proto/codec/worker-beat.js';
import type { LeaseKeeper } from './lease-keeper.js';

/** Options of `Beats`. */
export interface BeatsOptions {
  readonly log: TopicLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between beats, asked before each. */
  readonly intervalMs: () => number;
  /** Whether anything has to be said: not while renewals by call tell all. */
  readonly isNeeded: () => boolean;
  /** What to say now. */
  readonly beat: () => WorkerBeat;
  /** What an acknowledged beat renews. */
  readonly lease: LeaseKeeper;
}

/** States: those of its loop. */
export class Beats implements Service {
  readonly #options: BeatsOptions;
  readonly #loop: PollLoop;
  /** Of the topic; 0 when unknown, and after a failure: the topic may have been made anew, with fewer. */
  #partitions = 0;

  constructor(options: BeatsOptions) {
    this.#options = options;
    const { clock, logger, intervalMs } = options;
    this.#loop = new PollLoop({
      ...{ name: 'beats', intervalMs, clock, logger },
      run: () => this.#send(),
    });
  }

  async start(): Promise<void> {
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Beats now, if that is needed. */
  wake(): void {
    this.#loop.wake();
  }

  async #send(): Promise<void> {
    const { log, beat, lease, isNeeded } = this.#options;
    if (!isNeeded()) return;
    const topic = TOPICS.heartbeats;
    const partitions = this.#partitions === 0 ? await log.partitions({ topic }) : this.#partitions;
    this.#partitions = 0;
    const sent = lease.mark();
    const said = beat();
    const partition = partitionOf(said.workerId, partitions);
    await log.produce({
      records: [{ topic, partition, key: said.workerId, value: encodeBeat(said), headers: {} }],
    });
    this.#partitions = partitions;
    await lease.beaten(sent);
  }
}
