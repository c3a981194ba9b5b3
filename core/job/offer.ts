/** Moves the time of a waiting job's next offer. */
import { MaridError } from '../errors/marid-error.js';
import { agentOfPool } from '../fleet/agent-pool.js';
import type { Job } from './job.js';
import { CONTROL_PLANE, revise, transition } from './transition.js';

/** Milliseconds between an offer and the next, by the number of offers before; the last one holds from there on. */
const OFFER_BACKOFF_MS = [10_000, 20_000, 40_000, 60_000] as const;
const LAST_BACKOFF_MS = 60_000;

/** A waiting job when its next offer is due: offered again (`job` is as `recordOffer` makes it), or FAILED because its agent has not come. */
export function offerDue(
  job: Job,
  now: number,
): { readonly kind: 'offered' | 'failed' | 'not-due'; readonly job?: Job } {
  const due = job.status === 'ACCEPTED' && job.nextOfferAt !== null && job.nextOfferAt <= now;
  if (!due) return { kind: 'not-due' };
  const agentId = agentOfPool(job.pool);
  if (agentId === null) return { kind: 'offered', job: recordOffer(job, now) };
  const message = `Job failed: agent ${agentId} did not take it; the terminal that asked for it is gone.`;
  return {
    kind: 'failed',
    job: transition(job, { to: 'FAILED', reason: 'AGENT_GONE', message, actor: CONTROL_PLANE, now }),
  };
}

/** The job with one more offer counted and the next one due later. `INTERNAL` unless it is ACCEPTED. */
export function recordOffer(job: Job, now: number): Job {
  if (job.status !== 'ACCEPTED') {
    throw new MaridError('INTERNAL', `Job ${job.id} is ${job.status} and cannot be offered.`, {
      facts: { job_id: job.id },
    });
  }
  const nextOfferAt = now + (OFFER_BACKOFF_MS[job.offers] ?? LAST_BACKOFF_MS);
  return revise({ ...job, offers: job.offers + 1, nextOfferAt }, now);
}
