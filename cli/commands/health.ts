/** `marid health`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program.command('health');
  documented(command, {
    summary: 'Ask a control plane or a worker whether it takes calls.',
    details: 'For probes of containers: one try of 5 s, exit code 0 or not.',
    examples: [
      ['marid health', 'the control plane'],
      ['marid health --address 127.0.0.1:7072', 'what listens there, also a worker'],
    ],
  }).action(async () => {
    const { showHealth } = await import('../actions/health.js');
    await showHealth(context, command);
  });
}
