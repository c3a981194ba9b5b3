/** gRPC handlers for workers. */
import { invalidArgument, type FieldViolation } from '../../../core/errors/marid-error.js';
import { agentPool } from '../../../core/fleet/agent-pool.js';
import type { JobSpecification } from '../../../core/job/job.js';
import { idProblem } from '../../../core/validation/ids.js';
import {
  attemptReferenceFromMessage,
  attemptReferenceToMessage,
  fromDuration,
  specificationToMessage,
  toDuration,
} from '../../../proto/codec/index.js';
import {
  ClaimOutcome,
  type AwaitJobsRequest,
  type RegisterWorkerRequest,
  type WorkerService,
} from '../../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { IdleWorkers } from '../dispatch/idle-workers.js';
import type { ClaimAnswer, Claims } from '../fleet/claims.js';
import type { LiveWorker, WorkerDirectory } from '../fleet/worker-directory.js';
import type { WorkerSessions } from '../fleet/worker-sessions.js';

const MOST_CLAIMS = 256;
const LONGEST_TEXT = 255;
/** How long a call may be held: a worker heeds no answer to a call that is older than its lease. */
const LONGEST_WAIT_MS = 30_000;
const LONGEST_WAIT_PART = 0.25;

/** Options of `createWorkerHandlers`. */
export interface WorkerHandlerOptions {
  readonly sessions: WorkerSessions;
  readonly claims: Claims;
  readonly idleWorkers: IdleWorkers;
  readonly directory: WorkerDirectory;
  readonly pools: readonly string[];
  readonly leaseTtlMs: number;
  readonly heartbeatIntervalMs: number;
  /** See `ControlPlaneOptions.syncSuffices`. */
  readonly syncSuffices: boolean;
}

/** Handlers over sessions and claims. */
export function createWorkerHandlers(options: WorkerHandlerOptions): ServiceHandlers<typeof WorkerService> {
  const { sessions, claims, idleWorkers, directory, pools, leaseTtlMs, heartbeatIntervalMs, syncSuffices } = options;
  const waitOf = ({ wait }: Pick<AwaitJobsRequest, 'wait'>): number =>
    Math.min(fromDuration(wait) ?? 0, LONGEST_WAIT_MS, leaseTtlMs * LONGEST_WAIT_PART);
  return {
    registerWorker: async (request) => {
      checkRegistration(request, pools);
      const held = request.held.map(attemptReferenceFromMessage);
      const { workerId, session, pool, host, address, memoryBudgetMb, version } = request;
      const facts = { workerId, session, pool, host, address, memoryBudgetMb, version };
      const answer = await sessions.register({ ...facts, held });
      return {
        leaseTtl: toDuration(leaseTtlMs),
        heartbeatInterval: toDuration(heartbeatIntervalMs),
        lost: answer.lost.map(attemptReferenceToMessage),
        kills: answer.kills.map(attemptReferenceToMessage),
        draining: answer.draining,
        repeats: answer.repeats.map(attemptReferenceToMessage),
        syncSuffices,
        claimNextWaits: claims.mayWait,
      };
    },
    claim: async (request) => {
      checkCount('claims', request.claims.length);
      const answers = await claims.claim(request, request.claims);
      return { results: request.claims.map((entry, index) => ({ ...namesOf(entry), ...resultOf(answers[index]) })) };
    },
    claimNext: async (request, { signal, sendEarly }) => {
      checkCount('max_jobs', request.maxJobs);
      const { memoryMb, maxJobs, claimId, first, reservedFor } = request;
      const tellEarly = sendEarly && ((job: JobSpecification) => sendEarly(given([job])));
      const asked = { memoryMb, maxJobs, claimId, first, reservedFor, tellEarly, waitMs: waitOf(request) };
      const specifications = await claims.claimNext(request, asked, signal);
      return { ...given(specifications), ...reserved(directory.get(request.workerId)) };
    },
    awaitJobs: async (request, { signal }) => {
      const { workerId, session, memoryMb, reservedFor } = request;
      const worker = { workerId, session, memoryMb, waitMs: waitOf(request), reservedFor };
      return { ask: await idleWorkers.wait(worker, signal) };
    },
    sync: async (request) => {
      const { workerId, session, memoryFreeMb, stopping, insteadOfBeat } = request;
      const held = request.held.map(attemptReferenceFromMessage);
      const partitions = insteadOfBeat ? request.partitions : null;
      const answer = await sessions.sync({ workerId, session, held, memoryFreeMb, stopping, partitions });
      return {
        sessionCurrent: answer.sessionCurrent,
        lost: answer.lost.map(attemptReferenceToMessage),
        kills: answer.kills.map(attemptReferenceToMessage),
        draining: answer.draining,
        repeats: answer.repeats.map(attemptReferenceToMessage),
        ...reserved(directory.get(workerId)),
      };
    },
  };
}

function given(jobs: readonly JobSpecification[]) {
  return { specifications: jobs.map(specificationToMessage) };
}

/** What a worker that is known is told of its reservation. */
function reserved(worker: LiveWorker | null): { reservation?: { jobId: string; memoryMb: number } } {
  const reservation = worker?.record.reservation ?? null;
  return reservation === null ? {} : { reservation: { jobId: reservation.jobId, memoryMb: reservation.memoryMb } };
}

function namesOf({ jobId, claimId }: { jobId: string; claimId: string }): { jobId: string; claimId: string } {
  return { jobId, claimId };
}

function resultOf(answer: ClaimAnswer | undefined): {
  outcome: ClaimOutcome;
  specification?: ReturnType<typeof specificationToMessage>;
} {
  switch (answer?.kind) {
    case 'claimed':
      return { outcome: ClaimOutcome.CLAIMED, specification: specificationToMessage(answer.specification) };
    case 'gone':
      return { outcome: ClaimOutcome.GONE };
    case 'refused':
    case undefined:
      return { outcome: ClaimOutcome.REFUSED };
    default:
      return answer satisfies never;
  }
}

function checkRegistration(request: RegisterWorkerRequest, pools: readonly string[]): void {
  const violations: FieldViolation[] = [];
  const add = (field: string, description: string | null): void => {
    if (description !== null) violations.push({ field, description });
  };
  add('worker_id', idProblem(request.workerId));
  add('session', idProblem(request.session));
  add('host', textProblem(request.host));
  add('address', textProblem(request.address));
  add('memory_budget_mb', request.memoryBudgetMb >= 1 ? null : 'must be at least 1');
  const known = `is ${JSON.stringify(request.pool.slice(0, LONGEST_TEXT))}, which is no pool of this server; there are ${pools.join(', ')}`;
  const isAgent = request.pool === agentPool(request.workerId);
  add('pool', isAgent || pools.includes(request.pool) ? null : known);
  if (violations.length > 0) throw invalidArgument(violations);
}

function textProblem(text: string): string | null {
  return text.length >= 1 && text.length <= LONGEST_TEXT ? null : `must have 1 to ${String(LONGEST_TEXT)} characters`;
}

function checkCount(field: string, count: number): void {
  if (count < 0 || count > MOST_CLAIMS) {
    throw invalidArgument([{ field, description: `must be at most ${String(MOST_CLAIMS)}` }]);
  }
}
