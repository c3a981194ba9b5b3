/** The command tree, and one run of it from arguments to exit code. */
import { Command, Option, type CommanderError } from 'commander';
import { isCliExit, type CliContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { parseDuration } from './parse/duration.js';
import { REGISTRATIONS } from './registrations.js';
import { packageVersion } from './version.js';

const EXIT_CODE_HELP = `
Exit codes:
  0 ok   1 error   2 wrong arguments or input   3 not found   5 conflict or precondition   6 unavailable
  7 job failed (wait)   8 job killed (wait)   124 timed out (wait)   130 interrupted
  \`run\` ends with the job's own exit code, 128 + n when signal n ended it.

Data goes to standard output, everything else to standard error.
The control plane's address: --address, else MARID_ADDRESS, else the profile of --profile or MARID_PROFILE or
\`marid profile use\`, else 127.0.0.1:7070.`;

/** The whole command tree. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('marid')
    .description('Runs jobs on clusters that it finds by tags: submits them, follows their output, keeps their story.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addOption(
      new Option('--address <host:port>', 'address of the control plane, or of several with commas between them'),
    )
    .addOption(new Option('--profile <name>', 'profile that holds the address'))
    .addOption(
      new Option('--request-timeout <time>', 'how long to try to reach the server')
        .default(10_000, '10s')
        .argParser(parseDuration),
    )
    .addHelpText('after', EXIT_CODE_HELP)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns,
      getErrHelpWidth: () => context.stderr.columns,
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'marid: '));
      },
    });
  for (const { register } of REGISTRATIONS) register(program, context);
  return program;
}

/** Runs one command line (without `node` and script) and returns the exit code. Never rejects. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    const program = buildProgram(context);
    if (args.length === 0) program.help({ error: true });
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (isCliExit(error)) return error.exitCode;
    if (isCommanderError(error)) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { reportError } = await import('./report-error.js');
    return reportError(context, error);
  }
}

/** By name: `instanceof` fails across realms. */
function isCommanderError(error: unknown): error is CommanderError {
  return (
    error instanceof Error && 'exitCode' in error && 'code' in error && String(error.code).startsWith('commander.')
  );
}
