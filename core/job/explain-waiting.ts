/** Why a job waits. Private to `core/job`. */
import { agentOfPool } from '../fleet/agent-pool.js';
import { durationText } from './duration-text.js';
import type { ExplainFacts, Explanation, WorkerFacts } from './explain.js';
import type { Job } from './job.js';
import { restsUntil } from './retry.js';

/** Explains an ACCEPTED job. */
export function explainWaiting(job: Job, facts: ExplainFacts): Explanation {
  const offers = agentOfPool(job.pool) === null ? [explainOffers(job, facts.now)] : [explainAgent(job, facts.now)];
  return {
    summary: summarize(job, facts),
    details: [...offers, ...explainReservation(job, facts)],
  };
}

function summarize(job: Job, facts: ExplainFacts): string {
  const agentId = agentOfPool(job.pool);
  if (agentId !== null) return `It waits for agent ${agentId}, which the terminal that asked for it runs.`;
  const rest = restsUntil(job, facts.now);
  if (rest !== null)
    return `It rests ${durationText(rest - facts.now)} before attempt ${job.attempt + 1}: ${job.message}`;
  const alive = facts.workers.filter((worker) => worker.pool === job.pool && worker.alive);
  const taking = alive.filter((worker) => !worker.draining);
  if (alive.length === 0) return `It waits for a worker: none of pool ${job.pool} is alive.`;
  if (taking.length === 0) {
    return `It waits for a worker: of pool ${job.pool} ${countText(alive.length)} alive, all draining.`;
  }
  return explainMemory(job, taking);
}

function explainReservation(job: Job, facts: ExplainFacts): readonly string[] {
  const held = facts.workers.find((worker) => worker.reservation?.jobId === job.id);
  if (held === undefined || held.reservation === null) return [];
  const since = durationText(facts.now - held.reservation.since);
  const room = `${job.memoryMb} MiB are free; now ${held.memoryFreeMb} MiB are`;
  return [`Worker ${held.id} has been reserved for it for ${since}: it claims nothing else until ${room}.`];
}

function explainMemory(job: Job, workers: readonly WorkerFacts[]): string {
  const pool = `pool ${job.pool}`;
  const largest = Math.max(...workers.map((worker) => worker.memoryBudgetMb));
  if (largest < job.memoryMb) {
    return `It does not fit any worker of ${pool}: it needs ${job.memoryMb} MiB, and the largest budget is ${largest} MiB.`;
  }
  const open = workers.filter(({ reservation }) => reservation === null || reservation.jobId === job.id);
  if (open.length === 0)
    return `It waits for its turn: every worker of ${pool} is reserved for a job that has waited longer.`;
  const free = Math.max(...open.map((worker) => worker.memoryFreeMb));
  if (free < job.memoryMb) {
    return `It waits for memory: it needs ${job.memoryMb} MiB, and the largest free on a worker of ${pool} is ${free} MiB.`;
  }
  return `It can be claimed: a worker of ${pool} has ${free} MiB free, and it needs ${job.memoryMb} MiB.`;
}

function explainAgent(job: Job, now: number): string {
  return `If the agent has not claimed it in ${durationText((job.nextOfferAt ?? now) - now)}, it fails.`;
}

function explainOffers(job: Job, now: number): string {
  const times = job.offers === 1 ? 'once' : `${job.offers} times`;
  const since = durationText(now - (job.history.at(-1)?.at ?? job.createdAt));
  const offered = `It has been waiting for ${since} and was offered again ${times} since`;
  if (job.nextOfferAt === null) return `${offered}.`;
  return `${offered}; the next offer is due in ${durationText(job.nextOfferAt - now)}.`;
}

function countText(count: number): string {
  return count === 1 ? '1 worker is' : `${count} workers are`;
}
