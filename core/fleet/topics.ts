/** Names of the topics of the log. */

/** Topics that exist once. */
export const TOPICS = {
  /** What happened to attempts; key: job. */
  workerEvents: 'marid.worker-events',
  /** Beats of workers; key: worker. */
  heartbeats: 'marid.heartbeats',
  /** Every committed transition of every job, in order per job; key: job. */
  jobEvents: 'marid.job-events',
} as const;

/** The topic with the offers of a pool; the pool's name was checked before. */
export function jobTopic(pool: string): string {
  return `marid.jobs.${pool}`;
}
