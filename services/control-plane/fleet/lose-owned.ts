/** Takes an attempt from its worker. */
import type { Job } from '../../../core/job/job.js';
import { loseAttempt, type LoseAttemptOptions } from '../../../core/job/lose.js';
import type { JobDecision, JobRepository } from '../jobs/job-repository.js';

/** Loses the current attempt of a job if it is still owned as it was when the job was read. Whether it was. */
export async function loseOwned(
  jobs: JobRepository,
  { id, attempt, claim }: Job,
  o: LoseAttemptOptions,
): Promise<boolean> {
  const decided = await jobs.decide(id, (job): JobDecision => {
    const { workerId, session } = job.claim ?? {};
    const same = job.attempt === attempt && workerId === claim?.workerId && session === claim?.session;
    return same && job.claim !== null ? { kind: 'lost', job: loseAttempt(job, o) } : { kind: 'kept' };
  });
  return decided?.result.kind === 'lost';
}
