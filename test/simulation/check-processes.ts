/** What must hold of the processes that the launchers have started. */
import type { Recorded } from './history.js';
import type { CheckContext } from './checker.js';

/** A kill that was acknowledged stops every start after this time at the latest: by then the worker has heard of it or lost its lease. */
const KILL_GRACE_MS = 3000;
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
    return mb > budgetOf(host) ? [`BUDGET: ${String(mb)} of ${String(budgetOf(host))} MiB on ${host} at ${at(entry)}`] : [];
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

/** After an acknowledged kill nothing is claimed, and soon nothing starts. */
export function checkKills({ entries, leaseTtlMs }: CheckContext): readonly string[] {
  const acknowledged = new Map<string, number>();
  const attempts = new Map<string, number>();
  return entries.flatMap((entry) => {
    switch (entry.kind) {
      case 'kill-acknowledged':
        acknowledged.set(entry.jobId, entry.at);
        return [];
      case 'committed': {
        const { id, attempt } = entry.job;
        const before = attempts.get(id) ?? 0;
        attempts.set(id, attempt);
        return acknowledged.has(id) && attempt > before ? [`KILLED: ${id} was claimed at ${at(entry)}`] : [];
      }
      case 'started': {
        const killedAt = acknowledged.get(entry.jobId) ?? Infinity;
        return entry.at > killedAt + leaseTtlMs ? [`KILLED: ${entry.jobId} started at ${at(entry)}`] : [];
      }
      case 'ended': {
        const killedAt = acknowledged.get(entry.jobId) ?? Infinity;
        const late = entry.at > killedAt + leaseTtlMs + KILL_GRACE_MS;
        return late ? [`KILLED: ${entry.jobId} ran until ${at(entry)}, killed at ${killedAt.toFixed(0)}`] : [];
      }
      default:
        return [];
    }
  });
}

function at(entry: Recorded): string {
  return entry.at.toFixed(0);
}
