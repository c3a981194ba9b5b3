/** The control plane's log, for workers in other processes. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type {
  LogRecord,
  LogSubscription,
  PartitionOffset,
  SubscribeOptions,
  TopicLog,
} from '../../../core/ports/topic-log.js';
import { logRecordToMessage } from '../../../proto/codec/topic-log.js';
import type { LogService } from '../../../proto/gen/marid/v1/log_service_pb.js';
import type { ServiceClient } from '../../../proto/rpc/service.js';
import { ProduceBatcher } from './produce-batcher.js';
import { RemoteSubscription } from './remote-subscription.js';

/** Options of `RemoteTopicLog`. */
export interface RemoteTopicLogOptions {
  /** Client of the control plane; its channel stays the caller's. */
  readonly client: ServiceClient<typeof LogService>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * `TopicLog` over LogService. It cannot make topics, tell end offsets or read from positions (`UNSUPPORTED`): workers need neither.
 * States: *open*, then *closed* by `close`.
 */
export class RemoteTopicLog implements TopicLog {
  private readonly subscriptions = new Set<RemoteSubscription>();
  private readonly batcher: ProduceBatcher;
  /** Aborted by `close`: calls under way reject, since nobody knows how long a control plane that hangs would keep them. */
  private readonly over = new AbortController();

  constructor(private readonly options: RemoteTopicLogOptions) {
    const { signal } = this.over;
    this.batcher = new ProduceBatcher(async (records) => {
      await options.client.produce({ records: records.map(logRecordToMessage) }, { signal });
    });
  }

  async ensureTopics(): Promise<void> {
    throw unsupported('make topics');
  }

  async partitions(options: { readonly topic: string }): Promise<number> {
    this.refuseClosed();
    const { partitions } = await this.options.client.describeTopic(options, { signal: this.over.signal });
    return partitions;
  }

  async produce(options: { readonly records: readonly LogRecord[] }): Promise<void> {
    this.refuseClosed();
    await this.batcher.add(options.records);
  }

  async endOffsets(): Promise<readonly PartitionOffset[]> {
    throw unsupported('tell end offsets');
  }

  async subscribe(options: SubscribeOptions): Promise<LogSubscription> {
    this.refuseClosed();
    const { topics, start } = options;
    if (start.kind !== 'group') throw unsupported('read from positions');
    const subscription = new RemoteSubscription({ ...options, ...this.options, topics, group: start.group });
    this.subscriptions.add(subscription);
    subscription.onClosed = () => this.subscriptions.delete(subscription);
    await subscription.start();
    return subscription;
  }

  async close(): Promise<void> {
    this.over.abort();
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
    await this.batcher.idle();
  }

  private refuseClosed(): void {
    if (this.over.signal.aborted) throw new MaridError('UNAVAILABLE', 'The log is closed.', { retryable: false });
  }
}

function unsupported(what: string): MaridError {
  return new MaridError('UNSUPPORTED', `A worker's log cannot ${what}: the control plane does.`);
}
