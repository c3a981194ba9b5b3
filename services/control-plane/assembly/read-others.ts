/** The readers of topics. */
import { TOPICS } from '../../../core/fleet/topics.js';
import type { Service } from '../../../core/ports/service.js';
import type { StoredRecord } from '../../../core/ports/topic-log.js';
import type { EventPublisher } from '../events/event-publisher.js';
import { placeOfJobEvent } from '../events/job-event.js';
import type { Heartbeats } from '../fleet/heartbeats.js';
import type { WorkerDirectory } from '../fleet/worker-directory.js';
import type { JobSignals } from '../jobs/job-signals.js';
import type { Projector } from '../projection/projector.js';
import { TopicReader } from '../topic-reader.js';
import type { ControlPlaneOptions } from '../options.js';

/** What this control plane learns from the topics: beats of the workers, and what other control planes do. */
export function readOthers(
  { engines, runtime }: ControlPlaneOptions,
  parts: {
    readonly directory: WorkerDirectory;
    readonly heartbeats: Heartbeats;
    readonly projector: Projector;
    readonly signals: JobSignals;
    readonly publisher: EventPublisher;
  },
): readonly Service[] {
  const { directory, heartbeats, projector, signals, publisher } = parts;
  const onHeartbeat = (record: StoredRecord): void => {
    heartbeats.take(record);
    directory.takeBeat(record);
    projector.takeAnswer(record);
  };
  const onJobEvent = (record: StoredRecord): void => {
    const place = placeOfJobEvent(record);
    if (place === null) return;
    signals.changed(place.jobId, place.sequence);
    publisher.seen(place.jobId, place.sequence);
  };
  const { log } = engines;
  return [
    new TopicReader({
      ...{ ...runtime, log, topic: TOPICS.heartbeats, onRecord: onHeartbeat },
      onBegin: () => {
        heartbeats.begin();
      },
    }),
    new TopicReader({ ...runtime, log, topic: TOPICS.jobEvents, onRecord: onJobEvent }),
  ];
}
