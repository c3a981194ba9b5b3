/** What `marid kill` does. */
import type { Command } from 'commander';
import { JobStatus, type Job } from '../../proto/gen/marid/v1/job_pb.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { escapeText } from '../output/escape.js';
import { forEach } from './for-each.js';
import { isTerminalStatus } from '../../client/watch.js';

/** Asks for the end of each job and says what became of it. */
export async function killJobs(context: CliContext, command: Command, jobIds: readonly string[]): Promise<void> {
  const { reason, user } = command.opts<{ readonly reason?: string; readonly user?: string }>();
  await withClient(context, command, (client) =>
    forEach(context, jobIds, async (jobId) => {
      const job = await client.kill(jobId, { reason, user: user ?? context.userName() });
      await context.stdout.write(`${escapeText(job.id)}  ${outcome(job)}\n`);
    }),
  );
}

function outcome(job: Job): string {
  return isTerminalStatus(job.status) ? JobStatus[job.status] : 'kill requested';
}
