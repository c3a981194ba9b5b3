/** `marid config`. */
import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { configOption, outputOption } from './options.js';
import { documented } from '../registration.js';

/** Adds `config check` and `config explain`. */
export function register(program: Command, context: CliContext): void {
  const config = documented(program.command('config'), {
    summary: "Show and check the configuration of Marid's own processes.",
    details:
      'Values come from a YAML file, then from MARID_ variables, then from flags; each overrides the one before.',
    examples: [['marid config explain --config marid.yaml', 'every key with its value and where it came from']],
  });
  documented(config.command('explain'), {
    summary: 'Print every key with its value, its origin and its meaning.',
    examples: [['marid config explain', 'the defaults, and what the environment changes']],
  })
    .addOption(configOption())
    .addOption(outputOption(['table', 'json']))
    .action(async (options: { readonly config?: string; readonly output: string }) => {
      const { explainConfiguration } = await import('../processes/explain-configuration.js');
      await explainConfiguration(context, options);
    });
  documented(config.command('check'), {
    summary: 'Check the file and the environment, then connect to each engine that they choose.',
    details: 'All problems of the values are printed at once. Each engine is tried for 5 s; nothing in it is changed.',
    examples: [['marid config check --config marid.yaml', 'ends with 2 when something is wrong']],
  })
    .addOption(configOption())
    .action(async (options: { readonly config?: string }) => {
      const { checkConfiguration } = await import('../processes/check-configuration.js');
      await checkConfiguration(context, options);
    });
}
