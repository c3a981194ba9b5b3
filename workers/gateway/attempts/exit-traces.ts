/** Reads what an attempt's script has left behind. */
import type { ProcessExit } from '../../../core/ports/launcher.js';
import { openInside } from '../node/open-file.js';
import { PROGRAM_PROBLEM_FILE, SETUP_LOG_FILE, SETUP_MARKER_FILE } from '../script/job-environment.js';
import type { Attempt } from './attempt.js';
import type { ExitTraces } from './conclusion.js';
import { hideSecrets } from './hide-secrets.js';

const MOST_BYTES = 2048;

/** The traces; looks only for what the exit makes possible. */
export async function exitTraces(attempt: Attempt, exit: ProcessExit): Promise<ExitTraces> {
  const { directory, facts } = attempt;
  const { exitCode } = exit.result;
  const marker = facts.hasSetup ? await tailOf(directory, SETUP_MARKER_FILE) : null;
  const failedSetup = marker === null ? null : hide(attempt, (await tailOf(directory, SETUP_LOG_FILE)) ?? '');
  const refused = failedSetup === null && (exitCode === 126 || exitCode === 127);
  const problem = refused ? await tailOf(directory, PROGRAM_PROBLEM_FILE) : null;
  return { failedSetup, programProblem: problem === null ? null : hide(attempt, problem) };
}

/** A text of the job for a message: what the worker does not know any more, it cannot take out. */
function hide({ facts, secretTexts }: Attempt, text: string): string {
  if (facts.hasSecrets === true && secretTexts.length === 0) return '';
  return secretTexts.length === 0 ? text : hideSecrets(text, secretTexts);
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
