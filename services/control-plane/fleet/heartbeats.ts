/** What this control plane has read of the topic of heartbeats. */
import { beatSilenceMs, type PartitionReading, type SeenBeat } from '../../../core/fleet/silence.js';
import { TOPICS } from '../../../core/fleet/topics.js';
import type { LogRecord, StoredRecord } from '../../../core/ports/topic-log.js';
import { decodeBeat } from '../../../proto/codec/index.js';
import { growingCache } from '../growing-cache.js';

/** Workers whose last beats are kept; more than any installation has. */
const KEPT_BEATS = 50_000;

interface SessionBeat extends SeenBeat {
  readonly session: string;
}

/** Watermarks of the partitions and last beats of the workers. */
export class Heartbeats {
  private readonly beats = growingCache<string, SessionBeat>(KEPT_BEATS);
  private readonly readings = new Map<number, PartitionReading>();

  constructor(private readonly options: { /** Partitions of the topic. */ readonly partitions: () => number }) {}

  /** Reading begins at the end of the topic: beats before are not known. */
  begin(): void {
    this.readings.clear();
  }

  /** Takes a record of the topic: a beat, a tick or anything else, all of which move the watermark. */
  take(record: StoredRecord): void {
    const { partition, appendedAt } = record;
    const reading = this.readings.get(partition) ?? { since: appendedAt, until: appendedAt };
    this.readings.set(partition, { ...reading, until: Math.max(reading.until, appendedAt) });
    const beat = decodeBeat(record.value);
    if (beat !== null) this.beats.set(beat.workerId, { session: beat.session, partition, at: appendedAt });
  }

  /** For how long the log has no beat of a worker's session; `null`: not known. */
  silenceMs(workerId: string, session: string): number | null {
    const beat = this.beats.get(workerId);
    const length = this.options.partitions();
    const readings = Array.from({ length }, (_, partition) => this.readings.get(partition) ?? null);
    return beatSilenceMs(beat?.session === session ? beat : null, readings);
  }
}

/** Records that are appended to every partition every few seconds, so that its watermark moves also when nobody beats there. */
export function ticks(partitions: number): readonly LogRecord[] {
  return Array.from({ length: partitions }, (_, partition) => ({
    ...{ topic: TOPICS.heartbeats, partition, key: '', value: new Uint8Array() },
    headers: { 'marid-tick': '' },
  }));
}
