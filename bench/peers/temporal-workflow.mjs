/** The workflow of `temporal.mjs`. */
import { proxyActivities } from '@temporalio/workflow';

const { runJob } = proxyActivities({ startToCloseTimeout: '10 minutes', retry: { maximumAttempts: 1 } });

/** One job. */
export async function job(id) {
  await runJob(id);
}
