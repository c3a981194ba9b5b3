/** What a request must be before it is matched, and a job before it is inserted. */
import { invalidArgument, type FieldViolation } from '../../../core/errors/marid-error.js';
import type { JobRequest } from '../../../core/job/job.js';
import { idProblem } from '../../../core/validation/ids.js';
import { validateJobRequest } from '../../../core/validation/job-request.js';

const DEFAULT_POOL = 'default';

/** Options of `Admission`. */
export interface AdmissionOptions {
  readonly pools: readonly string[];
  /** Most MiB that a job may reserve; `null`: no limit. */
  readonly maxMemoryMb: number | null;
  /** Largest budget among the living workers of a pool, or any that is `enoughMb`; `null`: none is known. */
  readonly largestBudgetMb: (pool: string, enoughMb: number) => number | null;
}

/** Refuses what could never run. */
export class Admission {
  constructor(private readonly options: AdmissionOptions) {}

  /** Throws `INVALID_ARGUMENT` with everything that is wrong with a request; `jobId` is empty when it is to be generated, `agentId` null when the fleet runs it. */
  checkRequest(jobId: string, request: JobRequest, agentId: string | null = null): void {
    const violations: FieldViolation[] = [...validateJobRequest(request, 'job')];
    const problem = jobId === '' ? null : idProblem(jobId);
    if (problem !== null) violations.unshift({ field: 'job_id', description: problem });
    const agentProblem = agentId === null ? null : idProblem(agentId);
    if (agentProblem !== null) violations.push({ field: 'agent_id', description: agentProblem });
    const known = this.options.pools;
    if (!violations.some(({ field }) => field === 'job.pool') && !known.includes(poolOf(request))) {
      const description = `is ${JSON.stringify(poolOf(request))}, which is no pool of this server; there are ${known.join(', ')}`;
      violations.push({ field: 'job.pool', description });
    }
    if (violations.length > 0) throw invalidArgument(violations);
  }

  /** Throws `INVALID_ARGUMENT` when no worker could ever hold the job; the memory of an agent's machine is its own matter. */
  checkMemory(request: JobRequest, memoryMb: number, agentId: string | null): void {
    const { maxMemoryMb, largestBudgetMb } = this.options;
    const pool = poolOf(request);
    const budget = agentId === null ? largestBudgetMb(pool, memoryMb) : null;
    const problem =
      maxMemoryMb !== null && memoryMb > maxMemoryMb
        ? `is ${String(memoryMb)}; a job may reserve at most ${String(maxMemoryMb)} MiB`
        : budget !== null && memoryMb > budget
          ? `is ${String(memoryMb)}; the largest worker of pool ${pool} has ${String(budget)} MiB`
          : null;
    if (problem !== null) throw invalidArgument([{ field: 'job.memory_mb', description: problem }]);
  }
}

/** The pool that a request asks for. */
export function poolOf(request: JobRequest): string {
  return request.pool === '' ? DEFAULT_POOL : request.pool;
}
