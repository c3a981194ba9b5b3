/** The control plane's side of claims, in memory: who may have which job, with answers that get lost when a test says so. */
import { MaridError } from '../../core/errors/marid-error.js';
import type { AttemptReference, JobSpecification } from '../../core/job/job.js';
import { specificationToMessage, toDuration } from '../../proto/codec/index.js';
import { ClaimOutcome, type WorkerService } from '../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceHandlers } from '../../proto/rpc/service.js';

/** A call that is held. */
interface HeldCall {
  readonly memoryMb: number;
  readonly end: (ask: boolean) => void;
  /** Gives a job to a `ClaimNext`, and tells of it before the answer. */
  readonly tellEarly?: (jobId: string) => void;
}

/** Gives each job once; the same claim id gets the same answer. */
export class MemoryWorkerService {
  /** Jobs that can be claimed. */
  readonly waiting = new Map<string, JobSpecification>();
  /** Claim id by job. */
  readonly claimed = new Map<string, string>();
  /** Claim ids of each call, in order. */
  readonly calls: (readonly string[])[] = [];
  /** Held attempts that each registration named. */
  readonly registrations: (readonly string[])[] = [];
  /** Called before each claim is dealt with, and its answer sent; a rejection loses the call, or its answer. */
  before: () => Promise<void> = async () => undefined;
  after: () => Promise<void> = async () => undefined;
  refusing = false;
  /** Whether it knows `AwaitJobs`. */
  holdsCalls = false;
  /** Whether it holds `ClaimNext`. */
  claimNextWaits = false;
  /** Calls that it holds or has held, in order. */
  readonly held: HeldCall[] = [];
  sessionCurrent = true;
  /** Whether workers need no beats, and the partitions that each renewal in place of a beat told of. */
  syncSuffices = false;
  readonly partitions: (readonly number[])[] = [];
  /** Told with the next answer to a renewal. */
  orders: Readonly<Partial<Record<'lost' | 'kills' | 'repeats', readonly AttemptReference[]>>> = {};

  /** Jobs of this claim. */
  #give(claimId: string, jobIds: readonly string[]): readonly JobSpecification[] {
    return jobIds.flatMap((jobId) => {
      const job = this.waiting.get(jobId);
      const free = !this.claimed.has(jobId) || this.claimed.get(jobId) === claimId;
      if (job === undefined || !free) return [];
      this.claimed.set(jobId, claimId);
      return [job];
    });
  }

  readonly handlers: ServiceHandlers<typeof WorkerService> = {
    registerWorker: async (request) => {
      await this.before();
      this.registrations.push(request.held.map((each) => `${each.jobId}/${each.attempt}`));
      this.sessionCurrent = true;
      return {
        leaseTtl: toDuration(120_000),
        heartbeatInterval: toDuration(50),
        draining: false,
        syncSuffices: this.syncSuffices,
        claimNextWaits: this.claimNextWaits,
      };
    },
    awaitJobs: async ({ memoryMb }, { signal }) => {
      if (!this.holdsCalls) throw new MaridError('UNSUPPORTED', 'Calls are not held here.');
      return new Promise((resolve) => {
        const end = (ask: boolean): void => resolve({ ask });
        const held = { memoryMb, end };
        this.held.push(held);
        signal.addEventListener('abort', () => end(false));
      });
    },
    sync: async ({ insteadOfBeat, partitions }) => {
      await this.before();
      if (insteadOfBeat) this.partitions.push(partitions);
      const { lost = [], kills = [], repeats = [] } = this.orders;
      const orders = { lost: [...lost], kills: [...kills], repeats: [...repeats] };
      return { sessionCurrent: this.sessionCurrent, draining: false, ...orders };
    },
    claim: async (request) => {
      this.calls.push(request.claims.map((each) => each.claimId));
      await this.before();
      if (this.refusing) throw new MaridError('STALE_SESSION', 'The session is over.');
      const results = request.claims.map(({ jobId, claimId }) => {
        const [job] = this.#give(claimId, [jobId]);
        if (job === undefined) return { jobId, claimId, outcome: ClaimOutcome.GONE };
        return { jobId, claimId, outcome: ClaimOutcome.CLAIMED, specification: specificationToMessage(job) };
      });
      await this.after();
      return { results };
    },
    claimNext: async ({ claimId, memoryMb, maxJobs, wait }, { signal, sendEarly }) => {
      this.calls.push([claimId]);
      await this.before();
      if (this.claimNextWaits && wait !== undefined && this.waiting.size === this.claimed.size) {
        await new Promise<void>((resolve) => {
          const tellEarly = (jobId: string): void =>
            sendEarly?.({ specifications: this.#give(claimId, [jobId]).map(specificationToMessage) });
          this.held.push({ memoryMb, end: () => resolve(), tellEarly });
          signal.addEventListener('abort', () => resolve());
        });
      }
      let left = memoryMb;
      const fitting = [...this.waiting.values()].filter((job) => {
        const mine = this.claimed.get(job.jobId) ?? claimId;
        const fits = mine === claimId && job.resolution.memoryMb <= left;
        left -= fits ? job.resolution.memoryMb : 0;
        return fits;
      });
      const ids = fitting.slice(0, maxJobs).map((job) => job.jobId);
      const specifications = this.#give(claimId, ids).map(specificationToMessage);
      await this.after();
      return { specifications };
    },
  };
}
