/** The parts that look after workers. */
import type { RetryPolicy } from '../../../core/job/retry.js';
import { Grants } from '../dispatch/grants.js';
import { IdleWorkers } from '../dispatch/idle-workers.js';
import { Reservations } from '../dispatch/reservations.js';
import { AttemptReconciler } from '../fleet/attempt-reconciler.js';
import { Claims } from '../fleet/claims.js';
import type { Heartbeats } from '../fleet/heartbeats.js';
import { KillDelivery } from '../fleet/kill-delivery.js';
import { LeaseExpiryTask } from '../fleet/lease-expiry-task.js';
import { NodeDirectory } from '../fleet/node-directory.js';
import { RenewalByLog } from '../fleet/renewal-by-log.js';
import { SessionExpiry } from '../fleet/session-expiry.js';
import { SilentWorkers } from '../fleet/silent-workers.js';
import type { WorkerDirectory } from '../fleet/worker-directory.js';
import { WorkerSessions } from '../fleet/worker-sessions.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { ControlPlaneOptions } from '../options.js';

/** Sessions, claims and leases of workers. */
export function assembleFleet(
  { config, engines, runtime, grants: mayGrant = engines.oneDatabase === true }: ControlPlaneOptions,
  parts: {
    readonly directory: WorkerDirectory;
    readonly heartbeats: Heartbeats;
    readonly jobs: JobRepository;
    readonly retry: RetryPolicy;
    /** Resolves when the events that workers have sent so far are applied; false when that takes longer than the time given. */
    readonly caughtUp: (timeoutMs: number) => Promise<boolean>;
    readonly heartbeatPartitions: () => number;
    readonly term: () => number | null;
  },
) {
  const { clock, random, logger } = runtime;
  const { directory, heartbeats, jobs, retry, caughtUp, heartbeatPartitions: partitions, term } = parts;
  const nodes = new NodeDirectory({ directory, dial: engines.dial, logger });
  const kills = new KillDelivery({ nodes, logger });
  const reconciler = new AttemptReconciler({ store: engines.jobs, jobs, retry, caughtUp, clock, logger });
  const renewal = new RenewalByLog({ directory, log: engines.log, partitions, clock });
  const lost = { store: engines.jobs, fleet: engines.fleet, jobs, directory, retry, caughtUp };
  const expiry = new SessionExpiry({ ...lost, clock, logger });
  const { leaseTtlMs, leaseGraceMs: graceMs, expiryWarmUpMs: warmUpMs } = config;
  const sessions = new WorkerSessions({
    ...{ store: engines.fleet, directory, reconciler, renewal, expiry, leaseTtlMs, clock, logger },
  });
  const silent = new SilentWorkers({ directory, heartbeats, jobs: engines.jobs, clock });
  const expiryTask = new LeaseExpiryTask({
    ...{ directory, silent, expiry, caughtUp, term, leaseTtlMs, graceMs, warmUpMs, clock, logger },
    answers: (record) => nodes.answers(record),
  });
  const reservations = new Reservations({ store: engines.fleet, directory, jobs, clock });
  const idleWorkers = new IdleWorkers({ store: engines.jobs, sessions, directory, clock, random, logger });
  const grants = mayGrant ? new Grants({ directory, idleWorkers, clock }) : null;
  const claims = new Claims({ store: engines.jobs, jobs, sessions, reservations, grants, clock });
  return { nodes, kills, reconciler, sessions, silent, expiryTask, reservations, claims, idleWorkers, grants };
}
