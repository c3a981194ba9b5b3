/** What must hold of the jobs: their ends, and what was told of them. */
import type { Job } from '../../core/job/job.js';
import { isOwned, isTerminal } from '../../core/job/status.js';
import type { ProcessExit } from '../../core/ports/launcher.js';
import type { CheckContext } from './checker.js';

/** Every acknowledged job has ended, and no job has changed after its end. */
export function checkEnds({ entries }: CheckContext): readonly string[] {
  const last = new Map<string, Job>();
  const violations: string[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'committed') continue;
    const before = last.get(entry.job.id);
    if (before !== undefined && isTerminal(before.status))
      violations.push(`REVIVED: ${entry.job.id} was ${before.status}`);
    if (before !== undefined && before.revision !== entry.job.revision - 1)
      violations.push(`LOST UPDATE: ${entry.job.id}`);
    last.set(entry.job.id, entry.job);
  }
  const submitted = entries.flatMap((entry) => (entry.kind === 'submitted' ? [entry.jobId] : []));
  for (const id of submitted) {
    const status = last.get(id)?.status ?? 'nowhere';
    if (status === 'nowhere' || !isTerminal(status)) violations.push(`OPEN: ${id} is ${status}`);
  }
  return violations;
}

/** First occurrences on the topic of job events are in order and complete. */
export function checkEvents({ entries, jobs }: CheckContext): readonly string[] {
  const last = new Map<string, number>();
  const violations: string[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'published') continue;
    const before = last.get(entry.jobId) ?? 0;
    if (entry.sequence > before + 1)
      violations.push(`GAP: event ${String(entry.sequence)} of ${entry.jobId} came behind ${String(before)}`);
    last.set(entry.jobId, Math.max(before, entry.sequence));
  }
  for (const { id, history } of jobs) {
    const told = last.get(id) ?? 0;
    if (told !== history.length)
      violations.push(`UNTOLD: ${id} has ${String(history.length)} transitions, ${String(told)} were told`);
  }
  return violations;
}

/** A job's end says what its last process did, unless its worker was given up before it could say so. */
export function checkTruth({ entries, jobs }: CheckContext): readonly string[] {
  const exits = new Map<string, ProcessExit | null>();
  const started = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'started') started.add(keyOf(entry.jobId, entry.attempt));
    if (entry.kind === 'ended') exits.set(keyOf(entry.jobId, entry.attempt), entry.exit);
  }
  return jobs.flatMap((job) => {
    const key = keyOf(job.id, job.attempt);
    const exit = isUntold(job) ? null : exits.get(key);
    const why = started.has(key) ? contradiction(job, exit) : withoutProcess(job);
    return why === null ? [] : [`UNTRUE: ${job.id} is ${job.status} ${job.reason}, but ${why}`];
  });
}

/** A job that allows one attempt gets no other once its start was known; before that, a lost attempt is tried again whatever it did. */
export function checkRepeats({ entries }: CheckContext): readonly string[] {
  const started = new Map<string, number>();
  return entries.flatMap((entry) => {
    if (entry.kind !== 'committed' || entry.job.maxAttempts > 1) return [];
    const { id, status, attempt } = entry.job;
    if (status === 'RUNNING') started.set(id, attempt);
    return attempt > (started.get(id) ?? attempt)
      ? [`REPEATED: ${id} got attempt ${String(attempt)} after it ran`]
      : [];
  });
}

/** Nothing of a job runs once it has ended. */
export function checkQuiet({ entries }: CheckContext): readonly string[] {
  const running = new Map<string, number>();
  const over = new Set<string>();
  return entries.flatMap((entry) => {
    if (entry.kind === 'ended') running.delete(entry.jobId);
    if (entry.kind === 'started') {
      running.set(entry.jobId, entry.attempt);
      if (over.has(entry.jobId)) return [`UNDEAD: ${entry.jobId} started at ${entry.at.toFixed(0)} after its end`];
    }
    if (entry.kind !== 'committed' || !isTerminal(entry.job.status)) return [];
    over.add(entry.job.id);
    const { id, status } = entry.job;
    return running.has(id) ? [`UNDEAD: ${id} became ${status} at ${entry.at.toFixed(0)} while it ran`] : [];
  });
}

/** What a host held that is lost for ever is soon taken from it. */
export function checkGone({ entries, healthyAt, givenUpWithinMs }: CheckContext): readonly string[] {
  const gone = new Map<string, number>();
  const held = new Map<string, string>();
  return entries.flatMap((entry) => {
    if (entry.kind === 'gone') gone.set(entry.host, entry.at);
    if (entry.kind !== 'committed') return [];
    const { id, status, claim } = entry.job;
    const [before, after] = [held.get(id), isOwned(status) ? claim?.workerId : undefined];
    if (after === undefined) held.delete(id);
    else held.set(id, after);
    const goneAt = gone.get(before ?? '');
    if (goneAt === undefined || before === after) return [];
    const lateMs = entry.at - Math.max(goneAt, healthyAt) - givenUpWithinMs;
    return lateMs > 0
      ? [`HELD: ${id} was ${String(before)}'s until ${entry.at.toFixed(0)}, lost at ${goneAt.toFixed(0)}`]
      : [];
  });
}

/** Whether a job ended without a word of its worker, whose session was over by then. */
function isUntold({ reason, attempts }: Job): boolean {
  return attempts.at(-1)?.reason === 'LEASE_EXPIRED' && (reason === 'WORKER_LOST' || reason === 'KILL_REQUESTED');
}

function withoutProcess({ status, result }: Job): string | null {
  return status === 'SUCCEEDED' || (result?.processId ?? null) !== null ? 'its last attempt never started' : null;
}

/** `exit`: `null` when it was lost with its host, `undefined` while it runs. */
function contradiction(job: Job, exit: ProcessExit | null | undefined): string | null {
  if (exit === undefined) return 'its process runs';
  const known = exit !== null && exit.endedBy === null;
  const { exitCode = null } = exit?.result ?? {};
  switch (job.status) {
    case 'SUCCEEDED':
      return exitCode === 0 ? null : 'its process failed';
    case 'KILLED':
      return known && exitCode === 0 ? 'its process succeeded by itself' : killedFor(job, exit);
    case 'FAILED':
      return known && (job.reason !== 'EXIT_CODE' || job.result?.exitCode !== exitCode)
        ? `its process ended by itself with ${String(exitCode)}`
        : null;
    default:
      return 'that is no end';
  }
}

function killedFor(job: Job, exit: ProcessExit | null): string | null {
  if (job.kill !== null) return null;
  return exit?.endedBy === 'timeout' ? null : 'nobody asked for it';
}

function keyOf(jobId: string, attempt: number): string {
  return `${jobId}/${String(attempt)}`;
}
