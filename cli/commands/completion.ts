/** `marid completion`. */
import { Argument, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const shell = new Argument('<shell>', 'which shell').choices(['bash', 'zsh']);
  documented(program.command('completion').addArgument(shell), {
    summary: 'Print a completion script for a shell.',
    examples: [
      ['source <(marid completion bash)', 'for this shell; in ~/.bashrc for all'],
      ['marid completion zsh > "${fpath[1]}/_marid"', 'zsh'],
    ],
  }).action(async (name: 'bash' | 'zsh') => {
    const { completionScript } = await import('../completion/scripts.js');
    await context.stdout.write(completionScript(program, name));
  });
}
