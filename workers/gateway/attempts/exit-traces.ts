/** Reads what an attempt's script has left behind. */
import type { ProcessExit } from '../../../core/ports/launcher.js';
import { openInside } from '../node/open-file.js';
import { PROGRAM_PROBLEM_FILE, SETUP_LOG_FILE, SETUP_MARKER_FILE } from '../script/job-environment.js';
import type { Attempt } from './attempt.js';
import type { ExitTraces } from './conclusion.js';

const MOST_BYTES = 2048;

/** The traces; looks only for what the exit makes possible. */
export async function exitTraces({ directory, facts }: Attempt, exit: ProcessExit): Promise<ExitTraces> {
  const { exitCode } = exit.result;
  const marker = facts.hasSetup ? await tailOf(directory, SETUP_MARKER_FILE) : null;
  const failedSetup = marker === null ? null : ((await tailOf(directory, SETUP_LOG_FILE)) ?? '');
  const refused = failedSetup === null && (exitCode === 126 || exitCode === 127);
  return { failedSetup, programProblem: refused ? await tailOf(directory, PROGRAM_PROBLEM_FILE) : null };
}

/** The end of a file of the job; `null` when there is none that can be read. */
async function tailOf(directory: string, path: string): Promise<string | null> {
  const file = await openInside(directory, path).catch(() => null);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, MOST_BYTES));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, Math.max(0, size - MOST_BYTES));
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
