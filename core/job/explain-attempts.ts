/** Sentences about a job's attempts and its end. Private to `core/job`. */
import { durationText } from './duration-text.js';
import type { Attempt, ExitResult, Job } from './job.js';

/** Attempts told one by one; of more, only the last ones. */
const TOLD_ATTEMPTS = 10;

/** One sentence for each attempt, in order. */
export function explainAttempts(job: Job): readonly string[] {
  const untold = job.attempts.length - TOLD_ATTEMPTS;
  const told = job.attempts.slice(-TOLD_ATTEMPTS).map(explainAttempt);
  return untold > 0 ? [`${untold} earlier attempts are left out.`, ...told] : told;
}

/** How a job ended, in one sentence. */
export function explainEnd(job: Job): string {
  const tries = job.attempts.length === 1 ? '1 attempt' : `${job.attempts.length} attempts`;
  const took = job.endedAt === null ? '' : `, ${durationText(job.endedAt - job.createdAt)} after it was submitted`;
  const how = job.result === null ? '' : `, ${explainResult(job.result)}`;
  const why = job.status === 'SUCCEEDED' || job.message === '' ? '' : ` ${job.reason}: ${job.message}`;
  return `It ended ${job.status} after ${tries}${took}${how}.${why}`;
}

function explainAttempt(attempt: Attempt): string {
  const where = `Attempt ${attempt.number} on worker ${attempt.workerId} (${attempt.host})`;
  const { startedAt, endedAt } = attempt;
  if (endedAt === null) return `${where} ${startedAt === null ? 'has not started its program yet' : 'runs'}.`;
  const what = attempt.outcome === null ? 'was lost' : `ended ${attempt.outcome}`;
  const ran =
    startedAt === null ? 'before its program started' : `after running for ${durationText(endedAt - startedAt)}`;
  const how = attempt.result === null ? '' : `, ${explainResult(attempt.result)}`;
  const whose = attempt.infrastructureFailure ? ', which is counted as a failure of the infrastructure' : '';
  return `${where} ${what} ${ran}${how}${whose}${because(attempt)}.`;
}

function because({ reason, message }: Attempt): string {
  const parts = [reason, message.replace(/\.$/, '')].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` (${parts.join(': ')})`;
}

function explainResult({ signal, exitCode, processId }: ExitResult): string {
  if (signal !== null) return `by signal ${signal}`;
  if (exitCode !== null) return `with exit code ${exitCode}`;
  return processId === null ? 'without having been started' : 'with an unknown exit code';
}
