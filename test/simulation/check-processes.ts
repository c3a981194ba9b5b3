/** What must hold of the processes that the launchers have started. */
import type { Recorded } from './history.js';
import type { CheckContext } from './checker.js';

/** From the moment when a worker has heard of a kill to the end of the process, milliseconds: the grace of the kill, and a call that fails once. */
const KILL_GRACE_MS = 4000;
/** Between the deadline of a lease and the end of the last process, milliseconds. */
const FENCE_SLACK_MS = 1100;

/** At most one process of a job at any moment. */
export function checkSingle({ entries }: CheckContext): readonly string[] {
  const running = new Map<string, number>();
  return entries.flatMap((entry) => {
    if (entry.kind === 'ended') running.delete(entry.jobId);
    if (entry.kind !== 'started') return [];
    const other = running.get(entry.jobId);
    running.set(entry.jobId, entry.attempt);
    const which = `attempt ${String(entry.attempt)} of ${entry.jobId} started at ${at(entry)}`;
    return other === undefined ? [] : [`TWICE: ${which} while attempt ${String(other)} ran`];
  });
}

/** No attempt starts twice. */
export function checkAttempts({ entries }: CheckContext): readonly string[] {
  const started = new Set<string>();
  return entries.flatMap((entry) => {
    if (entry.kind !== 'started') return [];
    const key = `attempt ${String(entry.attempt)} of ${entry.jobId}`;
    const again = started.has(key);
    started.add(key);
    return again ? [`RESTARTED: ${key} at ${at(entry)}`] : [];
  });
}

/** The processes of a host never have more memory reserved than its worker may give. */
export function checkBudget({ entries, memoryOf, budgetOf }: CheckContext): readonly string[] {
  const used = new Map<string, number>();
  return entries.flatMap((entry) => {
    if (entry.kind !== 'started' && entry.kind !== 'ended') return [];
    const { host, jobId } = entry;
    const mb = (used.get(host) ?? 0) + (entry.kind === 'started' ? 1 : -1) * memoryOf(jobId);
    used.set(host, mb);
    return mb > budgetOf(host)
      ? [`BUDGET: ${String(mb)} of ${String(budgetOf(host))} MiB on ${host} at ${at(entry)}`]
      : [];
  });
}

/** Without a renewal no process outlives the lease. */
export function checkFence({ entries, leaseTtlMs }: CheckContext): readonly string[] {
  const deadlines = new Map<string, number>();
  return entries.flatMap((entry) => {
    if (entry.kind === 'renewed') deadlines.set(entry.host, entry.at + entry.killInMs);
    if (entry.kind !== 'ended') return [];
    const deadline = deadlines.get(entry.host) ?? entry.at;
    const late = entry.at > deadline + FENCE_SLACK_MS;
    const most = `its lease of ${String(leaseTtlMs)} ms ended at ${deadline.toFixed(0)}`;
    return late ? [`FENCE: a process of ${entry.jobId} on ${entry.host} ran until ${at(entry)}; ${most}`] : [];
  });
}

/** After an acknowledged kill nothing is claimed. */
export function checkKills({ entries }: CheckContext): readonly string[] {
  const killed = new Set<string>();
  const attempts = new Map<string, number>();
  return entries.flatMap((entry) => {
    if (entry.kind === 'kill-acknowledged') killed.add(entry.jobId);
    if (entry.kind !== 'committed') return [];
    const { id, attempt } = entry.job;
    const isClaim = attempt > (attempts.get(id) ?? 0);
    attempts.set(id, attempt);
    return killed.has(id) && isClaim ? [`KILLED: ${id} was claimed at ${at(entry)}`] : [];
  });
}

/**
 * A kill is obeyed: at the latest when the worker has lost its lease, and soon when everything is healthy. From then on nothing of the job starts or runs.
 */
export function checkObedience({ entries, leaseTtlMs, healthyAt }: CheckContext): readonly string[] {
  const due = new Map<string, number>();
  return entries.flatMap((entry) => {
    if (entry.kind === 'kill-acknowledged') {
      due.set(
        entry.jobId,
        Math.min(entry.at + leaseTtlMs, Math.max(entry.at, healthyAt) + leaseTtlMs / 5) + KILL_GRACE_MS,
      );
    }
    if (entry.kind !== 'started' && entry.kind !== 'ended') return [];
    const deadline = due.get(entry.jobId) ?? Infinity;
    const which = `attempt ${String(entry.attempt)} of ${entry.jobId} ${entry.kind} at ${at(entry)}`;
    return entry.at > deadline ? [`DISOBEDIENT: ${which}, killed to be gone by ${deadline.toFixed(0)}`] : [];
  });
}

function at(entry: Recorded): string {
  return entry.at.toFixed(0);
}
