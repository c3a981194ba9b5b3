/** Makes a job of a request that was validated and matched. */
import { agentPool } from '../fleet/agent-pool.js';
import type { Job, JobRequest, Resolution } from './job.js';
import { CONTROL_PLANE, transition, transitionOf, type Step } from './transition.js';

/** How long an agent may take to claim its job, milliseconds: it registers first. */
const AGENT_CLAIM_MS = 60_000;

/** Options of `acceptJob`. */
export interface AcceptJobOptions {
  /** The job's id. */
  readonly id: string;
  readonly request: JobRequest;
  /** Hash of the request's content as it was sent. */
  readonly requestHash: string;
  readonly resolution: Resolution;
  /** Why matching chose what it chose; kept in the history. */
  readonly explanation: string;
  /** Job that this one is a retry or a copy of; `null`: none. */
  readonly parentId: string | null;
  /** Agent that alone may claim it, and has one attempt. Default: `null`, any worker of the pool. */
  readonly agentId?: string | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long the dispatch loop leaves the job alone, because its submit offers it at once. Milliseconds. */
  readonly offerAfterMs: number;
}

/**
 * An ACCEPTED job at revision 1, with the way there as its first three transitions. The defaults of name, pool and attempts are filled
 * into the request, so that readers see what holds.
 */
export function acceptJob(o: AcceptJobOptions): Job {
  const agentId = o.agentId ?? null;
  const reserved = reserve(o);
  const resolved = transition(reserved, {
    to: 'RESOLVED',
    reason: 'MATCHED',
    message: o.explanation,
    actor: CONTROL_PLANE,
    now: o.now,
  });
  const accepted = transition(resolved, {
    to: 'ACCEPTED',
    reason: 'ACCEPTED',
    message: agentId === null ? `Waits for a worker of pool ${resolved.pool}.` : `Waits for agent ${agentId}.`,
    actor: CONTROL_PLANE,
    now: o.now,
  });
  return { ...accepted, revision: 1, nextOfferAt: o.now + (agentId === null ? o.offerAfterMs : AGENT_CLAIM_MS) };
}

function reserve(o: AcceptJobOptions): Job {
  const { id, now, resolution } = o;
  const agentId = o.agentId ?? null;
  const request = fillIn(o.request, id);
  const actor = `user:${request.user}`;
  const message = o.parentId === null ? 'The id is taken.' : `The id is taken, for a copy of job ${o.parentId}.`;
  const step: Step = { to: 'RESERVED', reason: 'SUBMITTED', message, actor, now };
  return {
    id,
    revision: 1,
    createdAt: now,
    updatedAt: now,
    parentId: o.parentId,
    request,
    requestHash: o.requestHash,
    resolution,
    pool: agentId === null ? request.pool : agentPool(agentId),
    memoryMb: resolution.memoryMb,
    timeoutMs: resolution.timeoutMs,
    maxAttempts: agentId === null ? request.maxAttempts : 1,
    status: step.to,
    reason: step.reason,
    message: step.message,
    attempt: 0,
    claim: null,
    attempts: [],
    history: [transitionOf({ history: [], attempt: 0 }, step)],
    publishedSequence: 0,
    nextOfferAt: null,
    offers: 0,
    kill: null,
    startedAt: null,
    endedAt: null,
    result: null,
  };
}

function fillIn(request: JobRequest, id: string): JobRequest & { readonly maxAttempts: number } {
  return {
    ...request,
    name: request.name === '' ? id : request.name,
    pool: request.pool === '' ? 'default' : request.pool,
    maxAttempts: request.maxAttempts ?? 1,
  };
}
