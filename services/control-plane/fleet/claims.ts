/** Gives jobs to workers. */
import { Room } from '../../../core/dispatch/room.js';
import { claimJob, specificationOf, type ClaimJobResult } from '../../../core/job/claim.js';
import type { Job, JobSpecification } from '../../../core/job/job.js';
import { restsUntil } from '../../../core/job/retry.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore, WaitingJob } from '../../../core/ports/job-store.js';
import type { AskingWorker, Grants } from '../dispatch/grants.js';
import type { Reservations } from '../dispatch/reservations.js';
import type { JobRepository } from '../jobs/job-repository.js';
import { CLAIM_REPEATED_MS } from './claim-times.js';
import type { LiveWorker } from './worker-directory.js';
import type { WorkerSessions } from './worker-sessions.js';

/** Candidates read for each job wanted: the oldest ones may be too big together, or be claimed by another meanwhile. */
const CANDIDATES_PER_JOB = 2;

const GONE = { kind: 'gone' } as const;
const REFUSED = { kind: 'refused' } as const;

/** Options of `Claims`. */
export interface ClaimsOptions {
  readonly store: JobStore;
  readonly jobs: JobRepository;
  readonly sessions: WorkerSessions;
  readonly reservations: Reservations;
  /** Where calls wait for new jobs; `null`: none is held. */
  readonly grants: Grants | null;
  readonly clock: Clock;
}

/** Names a worker's process run. */
export interface WorkerIdentity {
  readonly workerId: string;
  readonly session: string;
}

/** What became of one claim. */
export type ClaimAnswer =
  | { readonly kind: 'claimed'; readonly specification: JobSpecification }
  /** Somebody else has the job, or it does not wait. */
  | { readonly kind: 'gone' }
  /** The session is over, the worker drains, or it is reserved for another job. */
  | { readonly kind: 'refused' };

/** What a `claimNext` asks for. */
export interface ClaimNextOptions {
  readonly memoryMb: number;
  readonly maxJobs: number;
  /** Identity of the call, kept when it is repeated. */
  readonly claimId: string;
  /** Whether no call had this identity before. Default: false. */
  readonly first?: boolean;
  /** How long it may be held for new jobs, milliseconds. Default: 0. */
  readonly waitMs?: number;
  /** The job that the worker knows it is reserved for. Default: empty, none. */
  readonly reservedFor?: string;
  /** As in `AskingWorker`. */
  readonly tellEarly?: AskingWorker['tellEarly'];
}

/** A job that is about to be claimed for a call, in whose room it has its place. */
type ChosenJob = Pick<Job, 'id' | 'memoryMb'>;

/** Claims are decided at once for a whole batch, so that their writes share a commit. A worker that is reserved for a job gets no other. */
export class Claims {
  /** Answers of `claimNext` that are being found, by call. */
  private readonly answers = new Map<string, Promise<readonly JobSpecification[]>>();
  /** Jobs that a `claimNext` is about to claim: others pass them over. */
  private readonly underWay = new Set<string>();

  constructor(private readonly options: ClaimsOptions) {}

  /** Whether calls of `claimNext` may wait. */
  get mayWait(): boolean {
    return this.options.grants !== null;
  }

  /** Answers every claim, in order. Safe to repeat with the same claim ids. */
  async claim(
    identity: WorkerIdentity,
    entries: readonly { readonly jobId: string; readonly claimId: string }[],
  ): Promise<readonly ClaimAnswer[]> {
    const worker = await this.claimant(identity);
    if (worker === null) return entries.map(() => REFUSED);
    const reserved = await this.options.reservations.jobOf(worker.record);
    return Promise.all(entries.map((entry) => this.claimOne(worker, reserved, entry)));
  }

  /**
   * Claims waiting jobs that fit together, oldest first. A repeated call gets the answer of the first, if that is still to come, or else from the claims that it left in
   * the store: whichever control plane made them, and as far as they may still be given. Where there is nothing, it waits for new jobs as long as it may; a repetition or the end of
   * `signal` ends that.
   */
  async claimNext(
    identity: WorkerIdentity,
    options: ClaimNextOptions,
    signal: AbortSignal,
  ): Promise<readonly JobSpecification[]> {
    const { workerId, session } = identity;
    const key = `${workerId} ${session} ${options.claimId}`;
    const known = this.answers.get(key);
    if (known !== undefined) {
      this.options.grants?.endWait(workerId, options.claimId);
      return known;
    }
    const answer = this.claimOrWait(identity, options, signal).finally(() => this.answers.delete(key));
    this.answers.set(key, answer);
    return answer;
  }

  private async claimOrWait(
    identity: WorkerIdentity,
    options: ClaimNextOptions,
    signal: AbortSignal,
  ): Promise<readonly JobSpecification[]> {
    const { memoryMb, maxJobs, waitMs = 0, reservedFor = '' } = options;
    const { grants } = this.options;
    if (waitMs <= 0 || grants === null) return this.claimWaiting(identity, options, new Room(memoryMb, maxJobs));
    const { workerId, session } = identity;
    const call = grants.open({ ...options, workerId, session, waitMs, reservedFor });
    let found: readonly JobSpecification[] = [];
    let granted: readonly Job[] = [];
    try {
      for (let ask = true; ask;) {
        found = await this.claimWaiting(identity, options, call.room);
        ask = found.length === 0 && !call.seal.signal.aborted && (await grants.wait(call, signal));
      }
    } finally {
      granted = await grants.end(call); // a repetition of a call that fails finds them in the store
    }
    return [...found, ...granted.map(specificationOf)];
  }

  private async claimWaiting(
    identity: WorkerIdentity,
    options: ClaimNextOptions,
    room: Room,
  ): Promise<readonly JobSpecification[]> {
    const worker = await this.claimant(identity);
    if (worker === null) return [];
    const { claimId, first = false } = options;
    const earlier = first ? [] : await this.claimedBefore(worker, claimId);
    if (earlier.length > 0) return earlier;
    const reserved = await this.options.reservations.jobOf(worker.record);
    const claim = (chosen: readonly ChosenJob[]): Promise<readonly JobSpecification[]> =>
      this.claimAll(chosen, room, (jobId) => this.claimOne(worker, reserved, { jobId, claimId }));
    const takeOffers = (): readonly ChosenJob[] =>
      reserved === null ? (this.options.grants?.offersFor(worker.record.pool, room) ?? []) : [];
    for (let offered = takeOffers(); offered.length > 0; offered = takeOffers()) {
      const claimed = await claim(offered);
      if (claimed.length > 0) return claimed; // or else others have claimed those
    }
    return room.jobsFree < 1 ? [] : claim(await this.findWaiting(worker, reserved, room));
  }

  /** Waiting jobs that fit together. */
  private async findWaiting(worker: LiveWorker, reserved: Job | null, room: Room): Promise<readonly WaitingJob[]> {
    const { pool } = worker.record;
    const question = { pool, memoryMb: room.memoryFreeMb, limit: room.jobsFree * CANDIDATES_PER_JOB };
    const waiting = reserved === null ? await this.options.store.waiting(question) : [reserved];
    const now = this.options.clock.now();
    return room.takeFitting(waiting.filter((job) => !this.underWay.has(job.id) && restsUntil(job, now) === null));
  }

  /** Those that are not claimed leave their place in the room to others. */
  private async claimAll(
    chosen: readonly ChosenJob[],
    room: Room,
    claim: (jobId: string) => Promise<ClaimAnswer>,
  ): Promise<readonly JobSpecification[]> {
    for (const { id } of chosen) this.underWay.add(id);
    try {
      const answers = await Promise.all(
        chosen.map(async (job) => {
          const answer = await claim(job.id);
          if (answer.kind !== 'claimed') room.giveBack(job);
          return answer;
        }),
      );
      return answers.flatMap((each) => (each.kind === 'claimed' ? [each.specification] : []));
    } finally {
      for (const { id } of chosen) this.underWay.delete(id);
    }
  }

  /** What a call with this id has claimed, at whichever control plane. */
  private async claimedBefore({ record }: LiveWorker, claimId: string): Promise<readonly JobSpecification[]> {
    const owned = await this.options.jobs.ownedBy(record.id);
    return owned
      .filter(({ claim }) => claim?.claimId === claimId && claim.session === record.session)
      .filter((job) => this.mayBeRepeated(job))
      .map(specificationOf);
  }

  /** Not for too long; and one whose kill was acknowledged must not start any more, so it is given up with the claims that nobody holds. */
  private mayBeRepeated(job: Job): boolean {
    return job.kill === null && this.options.clock.now() - (job.attempts.at(-1)?.claimedAt ?? 0) < CLAIM_REPEATED_MS;
  }

  private async claimant({ workerId, session }: WorkerIdentity): Promise<LiveWorker | null> {
    const worker = await this.options.sessions.current(workerId, session);
    return worker === null || worker.record.draining || worker.record.stopped ? null : worker;
  }

  private async claimOne(
    { record }: LiveWorker,
    reserved: Job | null,
    { jobId, claimId }: { readonly jobId: string; readonly claimId: string },
  ): Promise<ClaimAnswer> {
    const { id: workerId, host, session, pool } = record;
    const now = this.options.clock.now();
    const decided = await this.options.jobs.decide(jobId, (job): ClaimJobResult | { readonly kind: 'refused' } => {
      const result = job.pool === pool ? claimJob(job, { workerId, host, session, claimId, now }) : GONE;
      const isOther = reserved !== null && reserved.id !== jobId;
      return result.kind === 'claimed' && isOther ? REFUSED : result; // a repeated claim was made before
    });
    if (decided === null || decided.result.kind === 'gone') return GONE;
    if (decided.result.kind === 'refused') return REFUSED;
    if (decided.result.kind === 'repeated' && !this.mayBeRepeated(decided.job)) return GONE;
    if (reserved?.id === jobId) await this.options.reservations.put(record, null);
    return { kind: 'claimed', specification: specificationOf(decided.job) };
  }
}
