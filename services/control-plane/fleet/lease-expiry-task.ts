/** Gives up workers of which nothing is heard any more. */
import { brakeText, type ExpiryBrake, type SilentWorker } from '../../../core/fleet/expiry-brake.js';
import { isOver, planExpiry } from '../../../core/fleet/expiry-plan.js';
import type { WorkerRecord } from '../../../core/fleet/worker-record.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { LeaderTask } from '../leader/leader-task.js';
import { CLAIM_UNDER_WAY_MS } from './claim-times.js';
import type { SessionExpiry } from './session-expiry.js';
import type { SilentWorkers } from './silent-workers.js';
import type { WorkerDirectory } from './worker-directory.js';

const INTERVAL_MS = 5000;
/** Part of the lease between two sweeps, for leases that are short. */
const INTERVAL_PART = 0.1;
/** How long to wait until the workers' own events are applied: an attempt whose end is in the log has ended. */
const CATCH_UP_MS = 20_000;

/** Options of `LeaseExpiryTask`. */
export interface LeaseExpiryTaskOptions {
  readonly directory: Pick<WorkerDirectory, 'list'>;
  readonly silent: Pick<SilentWorkers, 'find'>;
  readonly expiry: Pick<SessionExpiry, 'expire' | 'loseAttempts'>;
  /** Whether the process that has the worker's session answers a call. */
  readonly answers: (record: WorkerRecord) => Promise<boolean>;
  /** Resolves when the events that workers have sent so far are applied; false when that takes longer than the time given. */
  readonly caughtUp: (timeoutMs: number) => Promise<boolean>;
  /** Number of this process's term as leader; `null` when it does not lead. */
  readonly term: () => number | null;
  /** Length of leases, milliseconds. */
  readonly leaseTtlMs: number;
  /** How much longer than its lease a worker must be silent, milliseconds. */
  readonly graceMs: number;
  /** How long a new leader gives nobody up, milliseconds; at least half a lease. */
  readonly warmUpMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Leader task `lease-expiry`. What it keeps between two runs is of one term. */
export class LeaseExpiryTask implements LeaderTask {
  readonly name = 'lease-expiry';
  readonly schedule: { readonly everyMs: number };
  private readonly warmUpMs: number;
  private term: number | null = null;
  private termSince = 0;
  private suspects: ReadonlySet<string> = new Set();
  private braked: ReadonlySet<string> = new Set();
  /** Workers whose sessions are over and that own nothing, by id and revision. */
  private readonly settled = new Set<string>();

  constructor(private readonly options: LeaseExpiryTaskOptions) {
    const { leaseTtlMs, warmUpMs } = options;
    this.schedule = { everyMs: Math.min(INTERVAL_MS, leaseTtlMs * INTERVAL_PART) };
    this.warmUpMs = Math.max(warmUpMs, leaseTtlMs / 2);
  }

  async run(): Promise<string> {
    const { silent, directory, graceMs, clock } = this.options;
    this.noteTerm();
    const found = await silent.find();
    const workers = directory.list().map(({ record }) => record);
    const now = clock.now();
    const plan = planExpiry({ workers, silent: found, suspects: this.suspects, graceMs, now });
    this.suspects = plan.suspects;
    this.announce(plan.brakes);
    const warmIn = this.termSince + this.warmUpMs - clock.monotonic();
    const outcome =
      warmIn > 0 ? 'nobody is given up yet: this leader is new' : await this.giveUp(plan.due, this.over(workers, now));
    return [`${String(found.length)} workers silent`, outcome, ...plan.brakes.map(brakeText)].join('; ');
  }

  private noteTerm(): void {
    const term = this.options.term();
    if (term === this.term) return;
    this.term = term;
    this.termSince = this.options.clock.monotonic();
    this.suspects = new Set();
    this.settled.clear();
  }

  /** Workers whose sessions are over and that may still own attempts. */
  private over(workers: readonly WorkerRecord[], now: number): readonly WorkerRecord[] {
    const { graceMs } = this.options;
    return workers.filter((record) => isOver(record, { graceMs, now }) && !this.settled.has(settledKey(record)));
  }

  private async giveUp(due: readonly SilentWorker[], over: readonly WorkerRecord[]): Promise<string> {
    const { answers, caughtUp, expiry } = this.options;
    const answered = await Promise.all(due.map(({ record }) => answers(record)));
    const gone = due.filter((_, index) => answered[index] === false);
    if (gone.length + over.length === 0) return due.length === 0 ? 'none given up' : 'those due answer calls';
    if (!(await caughtUp(CATCH_UP_MS))) return 'none given up: worker events are behind';
    const expired = await Promise.all(gone.map((worker) => expiry.expire(worker)));
    const late = await Promise.all(over.map((record) => this.loseLate(record)));
    const attempts = [...expired, ...late].reduce<number>((sum, count) => sum + (count ?? 0), 0);
    const ended = expired.filter((count) => count !== null).length;
    return `${String(ended)} given up, ${String(attempts)} attempts lost`;
  }

  /** Loses what a worker owns whose session was over before. A claim that another control plane granted at that moment shows within a minute. */
  private async loseLate(record: WorkerRecord): Promise<number> {
    const lost = await this.options.expiry.loseAttempts(record);
    const endedAt = record.expired?.at ?? record.seenAt;
    if (this.options.clock.now() - endedAt > CLAIM_UNDER_WAY_MS) this.settled.add(settledKey(record));
    return lost;
  }

  private announce(brakes: readonly ExpiryBrake[]): void {
    const { logger } = this.options;
    for (const brake of brakes) {
      if (!this.braked.has(brake.pool))
        logger.error({ ...brake, why: brakeText(brake) }, 'too many workers are silent');
    }
    const pools = new Set(brakes.map(({ pool }) => pool));
    for (const pool of this.braked) if (!pools.has(pool)) logger.info({ pool }, 'workers may be given up again');
    this.braked = pools;
  }
}

function settledKey({ id, revision }: WorkerRecord): string {
  return `${id} ${String(revision)}`;
}
