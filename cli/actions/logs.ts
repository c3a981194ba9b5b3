/** What `marid logs` does. */
import type { Command } from 'commander';
import type { MaridClient } from '../../client/marid-client.js';
import { withClient } from '../connect.js';
import type { CliContext } from '../context.js';

/** Bytes read from the end at first, and most that are kept, when only the last lines are wanted. */
const FIRST_TAIL_BYTES = 64 * 1024;
const MAX_TAIL_BYTES = 64 * 1024 * 1024;
const NEW_LINE = 10;

interface LogsOptions {
  readonly follow?: boolean;
  readonly stderr?: boolean;
  readonly tail?: number;
  readonly attempt?: number;
}

/** Copies the job's output to ours. */
export async function showLogs(context: CliContext, command: Command, jobId: string): Promise<void> {
  const options = command.opts<LogsOptions>();
  const stream = options.stderr === true ? 'stderr' : 'stdout';
  await withClient(context, command, async (client) => {
    const attempt = options.attempt ?? (await client.get(jobId)).attempt;
    const following = options.follow === true;
    let offset = 0;
    if (options.tail !== undefined && attempt > 0) {
      const tail = await readTail(client, { jobId, stream, attempt, lines: options.tail });
      offset = tail.end;
      await context.stdout.write(tail.bytes);
      if (!following) return;
    }
    const source = following
      ? client.follow(jobId, stream, { ...followFrom(options.attempt, attempt), offset })
      : client.readFile(jobId, stream, { attempt });
    for await (const bytes of source) await context.stdout.write(bytes);
  });
}

/** An attempt that was asked for is followed alone; else later ones follow it. */
function followFrom(asked: number | undefined, latest: number): { attempt?: number; fromAttempt?: number } {
  if (asked !== undefined) return { attempt: asked };
  return latest > 0 ? { fromAttempt: latest } : {};
}

/** The last lines of a stream and the offset behind them: reads ever more from the end until there are enough. */
async function readTail(
  client: MaridClient,
  wanted: { readonly jobId: string; readonly stream: string; readonly attempt: number; readonly lines: number },
): Promise<{ readonly bytes: Uint8Array; readonly end: number }> {
  for (let window = FIRST_TAIL_BYTES; ; window *= 4) {
    const pieces: Uint8Array[] = [];
    let start: number | null = null;
    for await (const piece of client.readPieces(wanted.jobId, wanted.stream, {
      attempt: wanted.attempt,
      offset: -window,
    })) {
      start ??= Number(piece.offset);
      pieces.push(piece.data);
    }
    const bytes = Buffer.concat(pieces);
    const cut = startOfLastLines(bytes, wanted.lines);
    if (cut !== null || (start ?? 0) === 0 || window >= MAX_TAIL_BYTES) {
      return { bytes: bytes.subarray(cut ?? 0), end: (start ?? 0) + bytes.length };
    }
  }
}

/** Where the last `lines` lines begin; `null` when there are not so many line ends. An end of line at the very end opens no line. */
function startOfLastLines(bytes: Uint8Array, lines: number): number | null {
  if (lines === 0) return bytes.length;
  let left = lines;
  for (let at = bytes.length - 2; at >= 0; at -= 1) {
    if (bytes[at] !== NEW_LINE) continue;
    left -= 1;
    if (left === 0) return at + 1;
  }
  return null;
}
