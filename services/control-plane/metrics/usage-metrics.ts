/** Jobs and their memory, by pool and user. */
import { gauge, type Metric, type Sample } from '../../../core/metrics/metric.js';
import type { PoolUsage } from '../../../core/ports/job-survey.js';

/** Users with values of their own, those with the most jobs: the number of series stays bounded. */
const MOST_USERS = 100;
/** Stands for all the others; nobody has this name. */
const OTHERS = '';
const BYTES_PER_MB = 1024 * 1024;

/** The metrics of a count. */
export function usageMetrics(usage: readonly PoolUsage[]): readonly Metric[] {
  const named = largest(usage);
  const jobs: Sample[] = [];
  const memory: Sample[] = [];
  for (const { pool, user, activeJobs, waitingJobs, memoryMb } of usage) {
    const labels = { pool, user: named.has(user) ? user : OTHERS };
    jobs.push({ labels: { ...labels, state: 'waiting' }, value: waitingJobs });
    jobs.push({ labels: { ...labels, state: 'owned' }, value: activeJobs - waitingJobs });
    memory.push({ labels, value: memoryMb * BYTES_PER_MB });
  }
  const others = `users beyond the ${String(MOST_USERS)} with the most jobs are summed under an empty name`;
  return [
    gauge('marid_jobs', `Jobs that wait for a worker, and those that one owns; ${others}.`, jobs),
    gauge('marid_job_memory_bytes', 'Memory that owned jobs reserve.', memory),
  ];
}

function largest(usage: readonly PoolUsage[]): ReadonlySet<string> {
  const jobs = new Map<string, number>();
  for (const { user, activeJobs } of usage) jobs.set(user, (jobs.get(user) ?? 0) + activeJobs);
  const users = [...jobs].sort(([, a], [, b]) => b - a).map(([user]) => user);
  return new Set(users.slice(0, MOST_USERS));
}
