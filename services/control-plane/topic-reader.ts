/** Reads what is appended to a topic from now on. */
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import type { Service } from '../../core/ports/service.js';
import type { StoredRecord, TopicLog } from '../../core/ports/topic-log.js';
import { untilAborted } from './until-aborted.js';

const RESUBSCRIBE_MS = 1000;

/** Options of `TopicReader`. */
export interface TopicReaderOptions {
  readonly log: TopicLog;
  readonly topic: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when reading begins at the end of the topic, at first and after each break: what was appended in between is missed. Default: ignored. */
  readonly onBegin?: () => void;
  /** Gets each record. Must not throw. */
  readonly onRecord: (record: StoredRecord) => void;
}

/**
 * States: new; following (from the end of the topic; a subscription that breaks is replaced after a second, again from the end); stopped. Every control plane
 * reads everything, so this is no group and commits nothing; what it missed, its owner learns in another way.
 */
export class TopicReader implements Service {
  private readonly ended = new AbortController();
  private following: Promise<void> | null = null;

  constructor(private readonly options: TopicReaderOptions) {}

  async start(): Promise<void> {
    if (!this.ended.signal.aborted) this.following ??= this.follow(this.ended.signal);
  }

  async stop(): Promise<void> {
    this.ended.abort();
    await this.following;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const { topic, clock, logger } = this.options;
    while (!signal.aborted) {
      try {
        await this.readUntilBroken(signal);
      } catch (error) {
        logger.warn({ error, topic }, 'a topic cannot be read; trying again');
      }
      await clock.sleep(RESUBSCRIBE_MS, signal);
    }
  }

  private async readUntilBroken(signal: AbortSignal): Promise<void> {
    const { log, topic, logger, onRecord } = this.options;
    const positions = await log.endOffsets({ topic });
    this.options.onBegin?.();
    const broken = new AbortController();
    const subscription = await log.subscribe({
      topics: [topic],
      start: { kind: 'positions', positions },
      onRecords: (records) => {
        for (const record of records) onRecord(record);
      },
      onBroken: (error) => {
        logger.warn({ error, topic }, 'the subscription of a topic broke');
        broken.abort();
      },
    });
    await untilAborted(signal, broken.signal);
    await subscription.close();
  }
}
