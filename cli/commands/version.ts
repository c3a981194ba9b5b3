/** `marid version`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program.command('version').option('--server', "the server's too, with its engines");
  documented(command, {
    summary: 'Print the version of this program.',
    examples: [
      ['marid version', 'as `marid --version`'],
      ['marid version --server', 'and what answers at the address'],
    ],
  }).action(async () => {
    const { showVersion } = await import('../actions/version.js');
    await showVersion(context, command);
  });
}
