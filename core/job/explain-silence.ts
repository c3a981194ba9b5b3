/** Sentences about a job whose worker is silent. Private to `core/job`. */
import { brakeText } from '../fleet/expiry-brake.js';
import { durationText } from './duration-text.js';
import type { ExplainFacts, WorkerFacts } from './explain.js';
import type { Job } from './job.js';
import { loseAttempt } from './lose.js';

/** What is to be said of a worker behind its name; empty when it lives. */
export function silenceOf(workerId: string, { workers, now }: ExplainFacts): string {
  const worker = workers.find((each) => each.id === workerId);
  if (worker?.alive === true) return '';
  if (worker?.silent === true)
    return `, silent for ${durationText(now - worker.seenAt)} (since ${new Date(worker.seenAt).toISOString()}),`;
  return ', whose session is over,';
}

/** What happens because the owner of a job is silent, and when: one sentence or none. */
export function explainSilence(job: Job, facts: ExplainFacts): readonly string[] {
  const worker = facts.workers.find((each) => each.id === job.claim?.workerId);
  if (worker?.silent !== true) return [];
  const left = worker.givenUpAt - facts.now;
  const when = left > 0 ? `in ${durationText(left)}` : 'when the leader has made sure that it does not answer';
  const plan = `If it stays silent, the attempt is given up ${when}; then ${outcomeOf(job, facts)}.`;
  return [explainBrake(worker, facts) ?? plan];
}

function explainBrake({ pool, released }: WorkerFacts, { brakes }: ExplainFacts): string | null {
  const brake = brakes.find((each) => each.pool === pool);
  return brake === undefined || released ? null : `Its attempt is not given up: ${brakeText(brake)}`;
}

function outcomeOf(job: Job, { now, retry }: ExplainFacts): string {
  const lost = loseAttempt(job, { reason: '', message: '', now, retry });
  if (lost.status === 'ACCEPTED') return 'the job is tried again';
  return lost.status === 'KILLED'
    ? 'the job is KILLED, as was asked'
    : 'the job ends FAILED, because it allows no other attempt';
}
