/** Reads the workers' beats as they come. */
import type { WorkerBeat } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { LogSubscription, StoredRecord, TopicLog } from '../../../core/ports/topic-log.js';
import { decodeBeat } from '../../../proto/codec/index.js';
import { untilAborted } from '../until-aborted.js';

const RESUBSCRIBE_MS = 1000;

/** Options of `BeatReader`. */
export interface BeatReaderOptions {
  readonly log: TopicLog;
  readonly topic: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gets each beat with the time, by the log's clock, when it was appended. */
  readonly onBeat: (beat: WorkerBeat, appendedAt: number) => void;
}

/**
 * States: new; following (from the end of the topic; a subscription that breaks is replaced after a second); stopped. Every control plane reads every
 * beat, so this is no group and commits nothing.
 */
export class BeatReader implements Service {
  private readonly ended = new AbortController();
  private following: Promise<void> | null = null;

  constructor(private readonly options: BeatReaderOptions) {}

  async start(): Promise<void> {
    if (!this.ended.signal.aborted) this.following ??= this.follow(this.ended.signal);
  }

  async stop(): Promise<void> {
    this.ended.abort();
    await this.following;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.readUntilBroken(signal);
      } catch (error) {
        this.options.logger.warn({ error }, 'heartbeats cannot be read; trying again');
      }
      await this.options.clock.sleep(RESUBSCRIBE_MS, signal);
    }
  }

  private async readUntilBroken(signal: AbortSignal): Promise<void> {
    const { log, topic } = this.options;
    const positions = await log.endOffsets({ topic });
    const broken = new AbortController();
    const subscription: LogSubscription = await log.subscribe({
      topics: [topic],
      start: { kind: 'positions', positions },
      onRecords: (records) => {
        this.take(records);
      },
      onBroken: (error) => {
        this.options.logger.warn({ error }, 'the subscription of heartbeats broke');
        broken.abort();
      },
    });
    await untilAborted(AbortSignal.any([signal, broken.signal]));
    await subscription.close();
  }

  private take(records: readonly StoredRecord[]): void {
    for (const record of records) {
      const beat = decodeBeat(record.value);
      if (beat !== null) this.options.onBeat(beat, record.appendedAt);
    }
  }
}
