/** One step after the other, a failed one not stopping the rest. */
import { isMaridError } from '../../core/errors/marid-error.js';
import { CliExit, type CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { reportError } from '../report-error.js';

/**
 * Does `work` for each item in order and reports each failure; then ends with the exit code of the first failure. A server that cannot be reached ends
 * it at once.
 */
export async function forEach<T>(
  context: CliContext,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  let exitCode: number = EXIT.ok;
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      if (!isMaridError(error) || error.code === 'UNAVAILABLE') throw error;
      const code = await reportError(context, error);
      if (exitCode === EXIT.ok) exitCode = code;
    }
  }
  if (exitCode !== EXIT.ok) throw new CliExit(exitCode);
}
