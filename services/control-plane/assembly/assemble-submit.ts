/** The parts that take jobs. */
import { selectorByName } from '../../../core/matching/selectors.js';
import { Attachments } from '../attachments/attachments.js';
import type { Grants } from '../dispatch/grants.js';
import type { Offerer } from '../dispatch/offerer.js';
import type { WorkerDirectory } from '../fleet/worker-directory.js';
import type { ActiveJobs } from '../jobs/active-jobs.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { UserLimits } from '../quota/user-limits.js';
import type { RegistryKeeper } from '../registry/registry-keeper.js';
import { Admission } from '../submit/admission.js';
import { Matcher } from '../submit/matcher.js';
import { Submitter } from '../submit/submitter.js';
import type { ControlPlaneOptions } from '../options.js';

/** The way of a submit. */
export function assembleSubmit(
  { config, runtime, engines }: ControlPlaneOptions,
  parts: {
    readonly keeper: RegistryKeeper;
    readonly directory: WorkerDirectory;
    readonly active: ActiveJobs;
    readonly limits: UserLimits;
    readonly jobs: JobRepository;
    readonly offerer: Offerer;
    readonly grants: Grants | null;
  },
) {
  const { clock, random } = runtime;
  const { keeper, directory, active, limits, jobs, offerer, grants } = parts;
  const matcher = new Matcher({
    ...{ keeper, load: active, random },
    defaults: { memoryMb: config.defaultMemoryMb, timeoutMs: config.defaultTimeoutMs },
    commandSelector: selectorByName(config.commandSelector),
    clusterSelector: selectorByName(config.clusterSelector),
  });
  const admission = new Admission({
    ...{ pools: config.pools, maxMemoryMb: config.maxMemoryMb },
    largestBudgetMb: (pool, enoughMb) => directory.largestBudgetMb(pool, enoughMb),
  });
  const { offerAfterMs } = config;
  const attachments = new Attachments(engines.blobs, config);
  return {
    matcher,
    admission,
    attachments,
    submitter: new Submitter({
      ...{ jobs, admission, limits, matcher, offerer, attachments },
      ...{ grants, offerAfterMs, clock, random },
    }),
  };
}
