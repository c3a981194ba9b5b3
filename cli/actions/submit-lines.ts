/** What `marid submit --from` does. */
import type { Command } from 'commander';
import { invalidArgument, MaridError } from '../../core/errors/marid-error.js';
import type { JobOptions } from '../commands/job-options.js';
import { withClient } from '../connect.js';
import { exitWith, type CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { readJobLines } from '../input/job-lines.js';
import { escapeText } from '../output/escape.js';
import { reportError } from '../report-error.js';

/** Submits every line; prints the id of each job that was accepted. Ends with the code of the first line that was not. */
export async function submitLines(
  context: CliContext,
  command: Command,
  options: JobOptions & { readonly from: string },
  args: readonly string[],
): Promise<void> {
  let exitCode: number = EXIT.ok;
  const fail = async (error: MaridError): Promise<void> => {
    const code = await reportError(context, error);
    if (exitCode === EXIT.ok) exitCode = code;
  };
  await withClient(context, command, async (client) => {
    const lines = readJobLines(context, options.from, { edits: options, args }, fail);
    for await (const outcome of client.submitAll(lines)) {
      if (outcome.kind === 'accepted') await context.stdout.write(`${escapeText(outcome.id)}\n`);
      else await fail(placed(outcome.error, outcome.item.place));
    }
  });
  exitWith(exitCode);
}

/** The error with the line that it belongs to. */
function placed(error: MaridError, place: string): MaridError {
  if (error.violations.length === 0) return new MaridError(error.code, `${place}: ${error.message}`, { cause: error });
  return invalidArgument(
    error.violations.map(({ field, description }) => ({ field: place, description: `${field}: ${description}` })),
  );
}
