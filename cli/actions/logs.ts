/** What `marid logs` does. */
import type { Command } from 'commander';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';
import { findTail } from './tail.js';
import { showTimedLogs } from './timed-logs.js';

interface LogsOptions {
  readonly follow?: boolean;
  readonly stderr?: boolean;
  readonly timestamps?: boolean;
  readonly tail?: number;
  readonly attempt?: number;
}

/** Copies the job's output to ours. */
export async function showLogs(context: CliContext, command: Command, jobId: string): Promise<void> {
  const options = command.opts<LogsOptions>();
  const stream = options.stderr === true ? 'stderr' : 'stdout';
  await withClient(context, command, async (client) => {
    if (options.timestamps === true) {
      await showTimedLogs(context, client, jobId, { ...options, stream: options.stderr === true ? stream : undefined });
      return;
    }
    const attempt = options.attempt ?? (await client.get(jobId)).attempt;
    const { tail: lines } = options;
    const tail =
      lines === undefined || attempt === 0 ? null : await findTail(client, { jobId, path: stream, attempt, lines });
    const offset = tail?.start ?? 0;
    if (tail !== null && tail.start === tail.end && options.follow !== true) return;
    const source =
      options.follow === true
        ? client.follow(jobId, stream, { ...followFrom(options.attempt, attempt), offset })
        : client.readFile(jobId, stream, { attempt, offset, limit: tail === null ? undefined : tail.end - offset });
    for await (const bytes of source) await context.stdout.write(bytes);
  });
}

/** An attempt that was asked for is followed alone; else later ones follow it. */
function followFrom(asked: number | undefined, latest: number): { attempt?: number; fromAttempt?: number } {
  if (asked !== undefined) return { attempt: asked };
  return latest > 0 ? { fromAttempt: latest } : {};
}
