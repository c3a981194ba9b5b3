/** The sessions of a control plane over the embedded engines, without the rest of it. */
import type { EmbeddedTopicLog } from '../../infra/log/embedded/embedded-topic-log.js';
import type { SqliteDatabase } from '../../infra/store/sqlite/sqlite-database.js';
import type { SqliteFleetStore } from '../../infra/store/sqlite/sqlite-fleet-store.js';
import { SqliteJobStore } from '../../infra/store/sqlite/sqlite-job-store.js';
import { AttemptReconciler } from '../../services/control-plane/fleet/attempt-reconciler.js';
import { RenewalByLog } from '../../services/control-plane/fleet/renewal-by-log.js';
import { SessionExpiry } from '../../services/control-plane/fleet/session-expiry.js';
import { WorkerDirectory } from '../../services/control-plane/fleet/worker-directory.js';
import { WorkerSessions } from '../../services/control-plane/fleet/worker-sessions.js';
import { JobRepository } from '../../services/control-plane/jobs/job-repository.js';
import type { FakeClock } from './fake-clock.js';
import { QuietLogger } from './quiet-logger.js';

/** Options of `openWorkerSessions`. */
export interface TestSessionsOptions {
  readonly db: SqliteDatabase;
  readonly fleet: SqliteFleetStore;
  readonly log: EmbeddedTopicLog;
  readonly clock: FakeClock;
  readonly leaseTtlMs: number;
  /** Default: always. */
  readonly caughtUp?: () => boolean;
}

/** Opens them; several share a store, as several control planes do. */
export function openWorkerSessions(o: TestSessionsOptions) {
  const { db, fleet, log, clock, leaseTtlMs, caughtUp = () => true } = o;
  const logger = new QuietLogger();
  const store = new SqliteJobStore(db);
  const directory = new WorkerDirectory({ store: fleet, clock, logger });
  const jobs = new JobRepository({ store, onCommitted: () => undefined });
  const retry = { maxInfrastructureFailures: 5, backoffMs: [] };
  const shared = { store, jobs, retry, caughtUp: async () => caughtUp(), clock, logger };
  const expiry = new SessionExpiry({ ...shared, fleet, directory });
  const reconciler = new AttemptReconciler(shared);
  const renewal = new RenewalByLog({ directory, log, partitions: () => 1, clock });
  const parts = { store: fleet, directory, reconciler, renewal, expiry, leaseTtlMs };
  return { sessions: new WorkerSessions({ ...parts, clock, logger }), expiry };
}
