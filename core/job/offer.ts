/** Moves the time of a waiting job's next offer. */
import { MaridError } from '../errors/marid-error.js';
import type { Job } from './job.js';
import { revise } from './transition.js';

/** Milliseconds between an offer and the next, by the number of offers before; the last one holds from there on. */
const OFFER_BACKOFF_MS = [10_000, 20_000, 40_000, 60_000] as const;
const LAST_BACKOFF_MS = 60_000;

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
