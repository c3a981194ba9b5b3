/** A subscription over a stream that is opened again whenever it breaks. */
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { LogSubscription, PartitionOffset, StoredRecord, TopicPartition } from '../../../core/ports/topic-log.js';
import {
  partitionOffsetToMessage,
  storedRecordFromMessage,
  topicPartitionFromMessage,
} from '../../../proto/codec/topic-log.js';
import type { LogService, SubscribeResponse } from '../../../proto/gen/marid/v1/log_service_pb.js';
import type { ServiceClient } from '../../../proto/rpc/service.js';
import { HeldRecords } from './held-records.js';
import { PauseSync } from './pause-sync.js';
import { StreamAttempt } from './stream-attempt.js';

/** Most records that the server keeps waiting for this stream. */
const MAX_WAITING = 500;

/** Records that one call of `onRecords` brings at most. */
const MAX_RECORDS_PER_CALL = 500;

/** Waits between two attempts to open the stream again, in milliseconds; the last repeats. */
const BACKOFF_MS = [100, 200, 400, 800, 1_600, 2_000] as const;

/** Options of `RemoteSubscription`. */
export interface RemoteSubscriptionOptions {
  readonly client: ServiceClient<typeof LogService>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly group: string;
  readonly topics: readonly string[];
  readonly onRecords: (records: readonly StoredRecord[]) => void;
  readonly onAssignment?: (partitions: readonly TopicPartition[]) => void;
  readonly onBroken: (error: Error) => void;
}

/**
 * States: *joining* from `start` until the stream's first message; *joined*; *away* when the stream broke: nothing is assigned, commits are
 * refused, and it joins again after a wait; *closed* by `close`, or by an answer that will not change (no such topic), which `onBroken` tells.
 */
export class RemoteSubscription implements LogSubscription {
  /** Called once when it is closed. */
  onClosed: () => void = () => undefined;

  private readonly over = new AbortController();
  private readonly held = new HeldRecords();
  private readonly pauses: PauseSync;
  private attempt: StreamAttempt | null = null;
  private id: string | null = null;
  private failures = 0;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: RemoteSubscriptionOptions) {
    this.pauses = new PauseSync({
      tell: async (change) => {
        if (this.id !== null) {
          await options.client.steer({ subscriptionId: this.id, ...change }, { signal: this.over.signal });
        }
      },
      onFailed: (error) => {
        this.attempt?.break(asError(error));
      },
    });
  }

  /** Joins. Rejects when the first attempt fails; from then on it stays joined by itself. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.running = this.run(resolve, reject).finally(() => {
        this.onClosed();
      });
    });
  }

  async commit(options: { readonly offsets: readonly PartitionOffset[] }): Promise<void> {
    if (options.offsets.length === 0) return;
    if (this.id === null) throw away();
    const commits = options.offsets.map(partitionOffsetToMessage);
    try {
      await this.options.client.steer({ subscriptionId: this.id, commits }, { signal: this.over.signal });
    } catch (error) {
      throw isMaridError(error) && error.code === 'NOT_FOUND' ? away() : error;
    }
  }

  pause(options: { readonly topics: readonly string[] }): void {
    this.pauses.pause(options.topics);
  }

  resume(options: { readonly topics: readonly string[] }): void {
    this.pauses.resume(options.topics);
    // Not from within the call: a consumer may resume while it takes records over.
    queueMicrotask(() => {
      this.deliver(this.held.release(this.pauses.paused));
    });
  }

  async close(): Promise<void> {
    this.over.abort();
    await this.running;
  }

  private async run(onJoined: () => void, onRefused: (error: unknown) => void): Promise<void> {
    let joinedOnce = false;
    const joined = (): void => {
      joinedOnce = true;
      this.failures = 0;
      onJoined();
    };
    while (!this.over.signal.aborted) {
      const error = await this.readStream(joined);
      if (this.over.signal.aborted) break;
      if (!joinedOnce || isFinal(error)) {
        this.over.abort();
        if (joinedOnce) this.options.onBroken(error);
        else onRefused(error);
        return;
      }
      await this.waitAway(error);
    }
    onRefused(new MaridError('UNAVAILABLE', 'The subscription was closed.', { retryable: false }));
  }

  /** Reads one stream to its end and returns why it ended. */
  private async readStream(onJoined: () => void): Promise<Error> {
    const attempt = new StreamAttempt(this.options.clock, this.over.signal);
    this.attempt = attempt;
    try {
      const request = { group: this.options.group, topics: [...this.options.topics], maxBatch: MAX_WAITING };
      for await (const message of this.options.client.subscribe(request, { signal: attempt.signal })) {
        if (attempt.signal.aborted) break;
        this.take(message);
        if (message.event.case === 'subscriptionId') {
          attempt.joined();
          onJoined();
        }
      }
      return attempt.failure ?? new MaridError('UNAVAILABLE', 'The stream of the log ended.');
    } catch (error) {
      return attempt.failure ?? asError(error);
    } finally {
      attempt.end();
      this.leave();
    }
  }

  private take(message: SubscribeResponse): void {
    const { event } = message;
    switch (event.case) {
      case 'subscriptionId':
        this.id = event.value;
        this.pauses.begin();
        break;
      case 'assignment':
        this.assign(event.value.partitions.map(topicPartitionFromMessage));
        break;
      case 'batch':
        this.deliver(this.held.pass(event.value.records.map(storedRecordFromMessage), this.pauses.paused));
        break;
      default:
        break;
    }
  }

  private assign(partitions: readonly TopicPartition[]): void {
    this.held.retain(partitions);
    this.options.onAssignment?.(partitions);
  }

  private deliver(records: readonly StoredRecord[]): void {
    for (let from = 0; from < records.length && !this.over.signal.aborted; from += MAX_RECORDS_PER_CALL) {
      this.options.onRecords(records.slice(from, from + MAX_RECORDS_PER_CALL));
    }
  }

  private leave(): void {
    const joined = this.id !== null;
    this.id = null;
    this.pauses.end();
    if (joined && !this.over.signal.aborted) this.assign([]);
  }

  private async waitAway(error: Error): Promise<void> {
    const backoffMs = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length - 1)] ?? 0;
    this.failures += 1;
    this.options.logger.warn({ error, group: this.options.group, backoffMs }, 'log stream broke, joining again');
    await this.options.clock.sleep(backoffMs, this.over.signal);
  }
}

function away(): MaridError {
  return new MaridError('UNAVAILABLE', 'The subscription is not joined now; its records will come again.');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function isFinal(error: Error): boolean {
  return isMaridError(error) && ['NOT_FOUND', 'INVALID_ARGUMENT', 'UNSUPPORTED'].includes(error.code);
}
