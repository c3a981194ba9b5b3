/** The tasks of the leader. */
import type { RetryPolicy } from '../../../core/job/retry.js';
import { archiveTasks } from '../archive/archive-tasks.js';
import type { KillDelivery } from '../fleet/kill-delivery.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { UsageGauges } from '../jobs/usage-gauges.js';
import { UsageTask } from '../jobs/usage-gauges.js';
import { deadlinePolicyOf } from '../leader-config.js';
import { DeadlinesTask } from '../leader/deadlines-task.js';
import type { LeaderTask } from '../leader/leader-task.js';
import { RetentionTask } from '../leader/retention-task.js';
import { CleanUpTask } from '../registry/clean-up-task.js';
import type { RegistryKeeper } from '../registry/registry-keeper.js';
import type { ControlPlaneOptions } from '../options.js';

/** Tasks of the leader that only sweep and count. */
export function assembleTasks(
  options: ControlPlaneOptions,
  parts: {
    readonly keeper: RegistryKeeper;
    readonly jobs: JobRepository;
    readonly kills: KillDelivery;
    readonly retry: RetryPolicy;
    /** Resolves when the events that workers have sent so far are applied; false when that takes longer than the time given. */
    readonly caughtUp: (timeoutMs: number) => Promise<boolean>;
    readonly gauges: UsageGauges;
  },
): readonly LeaderTask[] {
  const { config, runtime, engines } = options;
  const { keeper, gauges } = parts;
  const { survey, fleet, registry } = engines;
  const policy = deadlinePolicyOf(config);
  const restMs = 2 * config.leaseTtlMs;
  const { unusedRegistryMs: unusedMs } = config;
  return [
    new DeadlinesTask({ ...runtime, ...parts, survey, policy, restMs }),
    new RetentionTask({ ...config, jobs: engines.jobs, survey, fleet, clock: runtime.clock }),
    new CleanUpTask({ ...runtime, store: registry, keeper, jobs: engines.jobs, unusedMs }),
    new UsageTask(gauges),
    ...archiveTasks(options, parts.jobs),
  ];
}
