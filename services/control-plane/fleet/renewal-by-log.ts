/** Renews the lease of a worker while the store does not answer. */
import { partitionOf } from '../../../core/dispatch/partition-of.js';
import { TOPICS } from '../../../core/fleet/topics.js';
import type { WorkerBeat } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { TopicLog } from '../../../core/ports/topic-log.js';
import { within } from '../../../core/time/within.js';
import { encodeBeat } from '../../../proto/codec/index.js';
import type { LiveWorker, WorkerDirectory } from './worker-directory.js';

/** How long the log may take, milliseconds. */
const LOG_MS = 2000;
/**
 * Part of the lease for which a worker may have been unheard of here. After a longer silence its session may just be ended by somebody who has read the topic and not this beat, which only the store can tell.
 */
const UNHEARD_PART = 0.5;

/** Options of `RenewalByLog`. */
export interface RenewalByLogOptions {
  readonly directory: WorkerDirectory;
  readonly log: TopicLog;
  /** Partitions of the topic of heartbeats. */
  readonly partitions: () => number;
  readonly clock: Clock;
}

/** What a worker says of itself, without the store's part. */
export type RenewalRequest = Pick<WorkerBeat, 'workerId' | 'session' | 'memoryFreeMb' | 'held'>;

/**
 * A lease may be renewed without the store only in a way that whoever expires leases is sure to see: the renewal is appended to the topic of heartbeats as a beat of the worker, and counts when the log
 * has acknowledged it. An expiry needs the store and rests on that topic, read to a time that lies a whole lease and more behind the worker's last beat; so it sees this beat first, also
 * when the store is away for this control plane alone. Sessions cannot end unseen either: a new one of the same worker takes the launcher over, which then ignores the old one.
 */
export class RenewalByLog {
  constructor(private readonly options: RenewalByLogOptions) {}

  /**
   * The worker, whose lease is renewed; `null` when the session is not known here as its current one, or was not heard of for too long. Rejects with `UNAVAILABLE` or `DEADLINE_EXCEEDED`
   * within `LOG_MS` when the log does not take the beat: then nothing is renewed.
   */
  async renew({ workerId, session, memoryFreeMb, held }: RenewalRequest): Promise<LiveWorker | null> {
    const { directory, log, partitions, clock } = this.options;
    const worker = directory.get(workerId);
    if (worker?.record.session !== session || worker.record.expired !== null) return null;
    const { pool, leaseTtlMs } = worker.record;
    if (clock.now() - worker.seenAt > leaseTtlMs * UNHEARD_PART) return null;
    const value = encodeBeat({ workerId, session, pool, memoryFreeMb, held, partitions: worker.partitions });
    const partition = partitionOf(workerId, partitions());
    const beat = { topic: TOPICS.heartbeats, partition, key: workerId, value, headers: {} };
    const what = `Renewing the lease of worker ${workerId} by the log`;
    await within({ clock, ms: LOG_MS, what }, log.produce({ records: [beat] }));
    directory.heard({ workerId, memoryFreeMb, held });
    return worker;
  }
}
