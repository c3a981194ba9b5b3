/** `marid apply`. */
import { Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { collect } from '../parse/amounts.js';
import { documented } from '../registration.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const file = new Option('-f, --file <file>', "YAML file, '-' for standard input; may be repeated").argParser(collect);
  const command = program
    .command('apply')
    .argument('[files...]', 'more files')
    .addOption(file)
    .option('--dry-run', 'only say what would be done');
  documented(command, {
    summary: 'Create and change applications, clusters and commands so that they are as files say.',
    details:
      'Each document is `kind: Application`, `Cluster` or `Command`, an `id`, and the fields of the API in camelCase or snake_case. Fields that are not ' +
      'given go back to their defaults. Everything is checked before the first change. With an `etag` a change is refused when somebody else made one.',
    examples: [
      ['marid apply -f registry.yaml', 'says created, changed or unchanged for each entry'],
      ['cat *.yaml | marid apply -f - --dry-run', 'check files'],
    ],
  }).action(async (files: string[]) => {
    const { applyFiles } = await import('../actions/apply.js');
    await applyFiles(context, command, files);
  });
}
