/** Gives jobs to workers whose calls are held. */
import { Room } from '../../../core/dispatch/room.js';
import { isInService } from '../../../core/fleet/silence.js';
import { claimJob, specificationOf } from '../../../core/job/claim.js';
import type { Job, JobSpecification } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { WorkerDirectory } from '../fleet/worker-directory.js';
import { DirectOffers, type DirectOffer } from './direct-offers.js';
import type { IdleWorker, IdleWorkers } from './idle-workers.js';
import { Turns } from './turns.js';

/** Options of `Grants`. */
export interface GrantsOptions {
  /** Its records must be those of the store: only the one control plane of an installation may grant. */
  readonly directory: Pick<WorkerDirectory, 'get'>;
  readonly idleWorkers: Pick<IdleWorkers, 'wait'>;
  readonly clock: Clock;
}

/** A worker that asks for jobs, with the memory that it keeps for the call. */
export interface AskingWorker extends IdleWorker {
  readonly maxJobs: number;
  /** Identity of the call. */
  readonly claimId: string;
  /** Tells of a grant that is committed before the answer does, which takes longer than to begin with it. Absent: the worker is no thread of this process. Must not throw. */
  readonly tellEarly?: ((job: JobSpecification) => void) | undefined;
}

/** A call that may get jobs. */
export interface HeldCall {
  readonly worker: AskingWorker;
  /** What it may still get. */
  readonly room: Room;
  readonly grants: Promise<Job | null>[];
  /** Ends the wait; then it gets no more grants. */
  readonly seal: AbortController;
  /** Whether there is an offer for it. */
  wanted: boolean;
  /** Whether it waits for new jobs, and claims no others. */
  waits: boolean;
}

/** A claim that is made with the insert of its job. */
export interface Grant {
  /** The job as it is claimed. */
  readonly job: Job;
  /** Called when reads see it. */
  readonly visible: () => void;
  /** Called with whether it is durable, or else was not made. */
  readonly settled: (made: boolean) => void;
}

/**
 * A new job is claimed for a worker whose call is held by the very write that stores it. A call takes grants until the first of them is committed: so those of one commit are answered together, and a worker that does not hear keeps no
 * more than these from others. Calls take turns; a job for which none has room is offered to the next one.
 *
 * A worker gets a grant when it is durable. One that is a thread of this process gets it when it is committed: what the machine may lose of the store when its power fails, it loses together with the worker's programs.
 */
export class Grants {
  /** By worker: only the last call of each counts. */
  private readonly held = new Map<string, HeldCall>();
  /** By pool. */
  private readonly turns = new Turns<HeldCall>();
  private readonly offers: DirectOffers;

  constructor(private readonly options: GrantsOptions) {
    this.offers = new DirectOffers(options.clock);
  }

  /** A call begins: from now on, until `end`, it gets grants. */
  open(worker: AskingWorker): HeldCall {
    const room = new Room(worker.memoryMb, worker.maxJobs);
    const call: HeldCall = { worker, room, grants: [], seal: new AbortController(), wanted: false, waits: false };
    this.held.set(worker.workerId, call);
    this.join(call);
    return call;
  }

  /** Takes the offers of a pool for which a call has room. */
  offersFor(pool: string, room: Room): readonly DirectOffer[] {
    return this.offers.take(pool, room);
  }

  /** Waits until there are grants, offers or other reasons to answer, for the worker's time, or until `signal` aborts. Whether to look for waiting jobs. Rejects as `IdleWorkers.wait`. */
  async wait(call: HeldCall, signal: AbortSignal): Promise<boolean> {
    this.join(call);
    const giveUp = (): void => call.seal.abort();
    signal.addEventListener('abort', giveUp, { once: true });
    call.waits = true;
    try {
      const ask = await this.options.idleWorkers.wait(call.worker, call.seal.signal);
      return ask || call.wanted;
    } finally {
      call.waits = false;
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** The call gets no more; resolves with what it was granted. */
  async end(call: HeldCall): Promise<readonly Job[]> {
    const { workerId } = call.worker;
    if (this.held.get(workerId) === call) this.held.delete(workerId);
    this.asked(call);
    this.turns.remove(call);
    const made = await Promise.all(call.grants);
    return made.filter((job) => job !== null);
  }

  /** Ends the wait of a call: its worker has repeated it. */
  endWait(workerId: string, claimId: string): void {
    const call = this.held.get(workerId);
    if (call?.worker.claimId === claimId) call.seal.abort();
  }

  /** The job, which is about to be stored, as the worker's of a call; `null` when none has room. */
  grant(job: Job): Grant | null {
    const [first, second] = this.able(job);
    const isRoomier = first !== undefined && second !== undefined && second.room.memoryFreeMb > first.room.memoryFreeMb;
    const call = isRoomier ? second : first;
    return call === undefined ? null : this.claim(call, job);
  }

  /** Offers a job that is stored to the calls of its pool; false when nobody calls. */
  offer(job: Job): boolean {
    const [call] = this.able(job);
    if (call !== undefined) {
      this.offers.asked(job.pool);
      call.wanted = true;
      call.seal.abort();
    }
    return this.offers.add(job.pool, job);
  }

  /** The call gets its turns. Its worker is known when it begins, or else when it waits. */
  private join(call: HeldCall): void {
    const pool = this.asked(call);
    if (pool !== null) this.turns.add(pool, call);
  }

  /** Notes that a pool's worker asks: the pool, `null` while the worker is not known here. */
  private asked({ worker }: HeldCall): string | null {
    const pool = this.options.directory.get(worker.workerId)?.record.pool ?? null;
    if (pool !== null) this.offers.asked(pool);
    return pool;
  }

  /** Calls that may get the job, by turns. */
  private *able(job: Job): Generator<HeldCall, void> {
    for (const call of this.turns.of(job.pool)) if (this.mayGet(call, job)) yield call;
  }

  private mayGet(call: HeldCall, job: Job): boolean {
    const { worker, room, seal } = call;
    if (!room.fits(job) || seal.signal.aborted || this.held.get(worker.workerId) !== call) return false;
    const record = this.options.directory.get(worker.workerId)?.record;
    if (record?.pool !== job.pool || record.session !== worker.session) return false;
    return !record.draining && record.reservation === null && isInService(record);
  }

  private claim(call: HeldCall, job: Job): Grant | null {
    const { worker, room, grants, seal } = call;
    const { workerId, session, claimId, tellEarly } = worker;
    const host = this.options.directory.get(workerId)?.record.host ?? '';
    const result = claimJob(job, { workerId, host, session, claimId, now: this.options.clock.now() });
    if (result.kind !== 'claimed') return null;
    const claimed = result.job;
    room.take(job);
    this.turns.take(call);
    let tell: (made: Job | null) => void = () => undefined;
    grants.push(new Promise((resolve) => (tell = resolve)));
    return {
      job: claimed,
      visible: () => {
        if (tellEarly !== undefined) {
          if (call.waits && grants.length === 1) tellEarly(specificationOf(claimed)); // several go sooner together
          tell(claimed);
        }
        seal.abort();
      },
      settled: (made) => {
        if (!made) room.giveBack(job);
        tell(made ? claimed : null);
      },
    };
  }
}
