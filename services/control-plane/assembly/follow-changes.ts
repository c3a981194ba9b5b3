/** What follows every committed change. */
import { EventPublisher } from '../events/event-publisher.js';
import { ActiveJobs } from '../jobs/active-jobs.js';
import { DispatchDelays } from '../metrics/dispatch-delays.js';
import { JobRepository, type JobChange } from '../jobs/job-repository.js';
import { JobSignals } from '../jobs/job-signals.js';
import { UserLimits } from '../quota/user-limits.js';
import type { TopicKeeper } from '../topics.js';
import type { ControlPlaneOptions } from '../options.js';

/** What follows every committed change: load, limits, publication, signals. */
export function followChanges({ config, engines, runtime, cacheSize }: ControlPlaneOptions, topics: TopicKeeper) {
  const cache = cacheSize === undefined ? {} : { cacheSize };
  const signals = new JobSignals();
  const active = new ActiveJobs();
  const delays = new DispatchDelays();
  const publisher = new EventPublisher({
    ...{ log: engines.log, store: engines.jobs, source: '/marid/control-plane' },
    ...{ partitions: topics.counts, clock: runtime.clock, logger: runtime.logger },
    ...cache,
  });
  const limits = new UserLimits({
    ...{ store: engines.userSlots, jobs: engines.jobs, ...runtime },
    ...{ perUser: config.maxActiveJobsPerUser, byUser: config.maxActiveJobsByUser },
  });
  const onCommitted = (change: JobChange): void => {
    active.committed(change);
    delays.committed(change);
    limits.committed(change);
    if (change.after.history.length > (change.before?.history.length ?? 0)) publisher.publish(change.after);
    signals.changed(change.after.id, change.after.history.at(-1)?.sequence ?? 0);
  };
  const jobs = new JobRepository({ store: engines.jobs, onCommitted, ...cache });
  return { signals, active, delays, limits, publisher, jobs };
}
