/** `marid delete`. */
import { Argument, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { parseKind, REGISTRY_WORDS, type RegistryWord } from '../words.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const kinds = REGISTRY_WORDS.map((word) => `${word}s`).join(', ');
  const command = program
    .command('delete')
    .addArgument(new Argument('<kind>', kinds).argParser(parseKind(REGISTRY_WORDS)))
    .argument('<id...>', 'which ones')
    .option('--ignore-not-found', 'count what does not exist as deleted');
  documented(command, {
    summary: 'Delete entries of the registry.',
    details: 'Refused (exit code 5) while something uses them.',
    examples: [['marid delete cluster old-prod', 'one cluster']],
  }).action(async (word: RegistryWord, ids: string[]) => {
    const { deleteEntries } = await import('../actions/delete.js');
    await deleteEntries(context, command, word, ids);
  });
}
