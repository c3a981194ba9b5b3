/** `marid get`. */
import { Argument, Option, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { collectList, wholeNumber } from '../parse/amounts.js';
import { parseMoment } from '../parse/duration.js';
import { documented } from '../registration.js';
import { KIND_WORDS, parseKind, PLURAL_WORDS, type KindWord } from '../words.js';
import { addOptions, outputOption } from './options.js';

/** The options as parsed. */
export interface GetOptions {
  readonly tag?: readonly string[];
  readonly status?: readonly string[];
  readonly user?: string;
  readonly name?: string;
  readonly cluster?: string;
  readonly command?: string;
  readonly grouping?: string;
  readonly groupingInstance?: string;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  /** Milliseconds since the epoch. */
  readonly until?: number;
  readonly pool?: string;
  readonly limit: number;
  readonly all?: boolean;
  readonly output: 'table' | 'json' | 'yaml' | 'name';
}

/** Adds the command. */
export function register(program: Command, context: CliContext): void {
  const kind = new Argument('<kind>', PLURAL_WORDS.join(', ')).argParser(parseKind(KIND_WORDS));
  const command = program.command('get').addArgument(kind).argument('[id]', 'only this one');
  addOptions(command, filterOptions(context)).addOption(outputOption());
  documented(command, {
    summary: 'List applications, commands, clusters, jobs or workers, or show one.',
    details: 'Jobs come newest first. `-o yaml` of registry entries is what `marid apply` takes.',
    examples: [
      [
        'marid get jobs --user me --status RUNNING,ACCEPTED --since 2h',
        'my jobs of the last two hours that have not ended',
      ],
      ['marid get clusters --tag prod -o yaml > clusters.yaml', 'a copy of the registry'],
      ['marid get job JOB -o json | jq -r .status', 'one value of one job'],
    ],
  }).action(async (word: KindWord, id: string | undefined) => {
    const { getThings } = await import('../actions/get.js');
    await getThings(context, command, word, id);
  });
}

function filterOptions(context: CliContext): readonly Option[] {
  const moment = (text: string): number => parseMoment(text, context.clock.now());
  return [
    new Option('--tag <tags>', 'with all of these tags').argParser(collectList),
    new Option('--status <statuses>', 'with any of these statuses').argParser(collectList),
    new Option('--user <user>', 'of this user'),
    new Option('--name <name>', 'of this name; for registry entries also a prefix ending in *'),
    new Option('--cluster <cluster>', 'jobs on this cluster (id or name)'),
    new Option('--command <command>', 'jobs of this command (id or name)'),
    new Option('--grouping <label>', 'jobs of this grouping'),
    new Option('--grouping-instance <label>', 'jobs of this grouping instance'),
    new Option('--since <time>', 'jobs submitted since: 30m, 2h, 7d (ago) or an ISO time').argParser(moment),
    new Option('--until <time>', 'jobs submitted before').argParser(moment),
    new Option('--pool <pool>', 'workers of this pool'),
    new Option('--limit <n>', 'at most so many').default(50).argParser(wholeNumber(1)),
    new Option('--all', 'without limit'),
  ];
}
