/** What `marid logs --timestamps` does. */
import type { MaridClient, TimedLine, TimedOutputOptions } from '../../client/index.js';
import type { CliContext } from '../context.js';

const LINE_END = Buffer.from('\n');

/** Copies the lines to standard output, each behind its time and stream. */
export async function showTimedLogs(
  context: CliContext,
  client: MaridClient,
  jobId: string,
  options: TimedOutputOptions,
): Promise<void> {
  for await (const lines of client.timedOutput(jobId, options)) {
    if (lines.length > 0) await context.stdout.write(Buffer.concat(lines.flatMap(partsOf)));
  }
}

function partsOf({ at, stream, text }: TimedLine): readonly Uint8Array[] {
  return [Buffer.from(`${new Date(at).toISOString()} ${stream === 'stdout' ? 'out' : 'err'} `), text, LINE_END];
}
