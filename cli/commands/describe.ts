/** `marid describe`. */
import { Argument, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { documented } from '../registration.js';
import { KIND_WORDS, parseKind, PLURAL_WORDS, type KindWord } from '../words.js';

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('describe')
    .addArgument(new Argument('<kind>', PLURAL_WORDS.join(', ')).argParser(parseKind(KIND_WORDS)))
    .argument('<id>', 'which one');
  documented(command, {
    summary: 'Tell everything about one thing; of a job, its story in order.',
    examples: [
      ['marid describe job JOB', 'what was asked, what matched, each step with its time, the attempts, the result'],
      ['marid describe cluster prod', 'a cluster'],
    ],
  }).action(async (word: KindWord, id: string) => {
    const { describeThing } = await import('../actions/describe.js');
    await describeThing(context, command, word, id);
  });
}
