/** Options that describe a job, for `submit`, `run`, `resolve` and `clone`. */
import { Option, type Command } from 'commander';
import { collect, collectList, collectPairs, parseMemoryMb, wholeNumber } from '../parse/amounts.js';
import { collectCriteria, parseCriterion, type CriterionInput } from '../parse/criterion.js';
import { parseDuration } from '../parse/duration.js';
import { collectLimits, LIMIT_OPTION_NAMES, type LimitsInput } from '../parse/limits.js';
import { addOptions } from './options.js';

/** The options as parsed. */
export interface JobOptions {
  readonly file?: string;
  readonly id?: string;
  readonly name?: string;
  readonly user?: string;
  readonly clusterTag?: readonly string[];
  readonly clusterCriterion?: readonly CriterionInput[];
  readonly commandTag?: readonly string[];
  readonly commandCriterion?: CriterionInput;
  readonly application?: readonly string[];
  readonly memory?: number;
  readonly timeout?: number;
  readonly limit?: LimitsInput;
  readonly env?: Readonly<Record<string, string>>;
  readonly tag?: readonly string[];
  readonly pool?: string;
  readonly config?: readonly string[];
  readonly dependency?: readonly string[];
  readonly unpack?: readonly string[];
  readonly setupFile?: string;
  readonly maxAttempts?: number;
  readonly grouping?: string;
  readonly groupingInstance?: string;
  readonly rawArguments?: string;
  readonly description?: string;
  readonly jobVersion?: string;
  readonly group?: string;
  readonly attach?: readonly string[];
  /** False: nothing is archived. */
  readonly archive?: boolean;
  readonly archiveExclude?: readonly string[];
  readonly timestamps?: boolean;
}

/** Adds the options, one for a file, and the arguments behind `--`. */
export function addJobOptions(command: Command): Command {
  const file = new Option('-f, --file <file>', "YAML file with the request ('-': standard input); options override it");
  return addEditOptions(command.addOption(file));
}

/** Adds the option for files that go with a new job. */
export function addAttachOption(command: Command): Command {
  const text = 'file to upload and place in the job directory; repeat for more';
  return command.addOption(new Option('--attach <file>', text).argParser(collect));
}

/** Adds the options that change a request, and the arguments behind `--`. */
export function addEditOptions(command: Command): Command {
  command.argument('[arguments...]', 'arguments of the program, after `--`, passed exactly');
  return addOptions(command, [...matchingOptions(), ...identityOptions(), ...executionOptions()]);
}

function matchingOptions(): readonly Option[] {
  return [
    new Option('--cluster-tag <tags>', 'tags of the cluster, all in one criterion').argParser(collectList),
    new Option(
      '--cluster-criterion <criterion>',
      'ID=../NAME=../VERSION=../STATUS=../TAGS=a,b; repeat for second choices',
    )
      .conflicts('clusterTag')
      .argParser(collectCriteria),
    new Option('--command-tag <tags>', 'tags of the command, all in one criterion').argParser(collectList),
    new Option('--command-criterion <criterion>', 'as --cluster-criterion, once')
      .conflicts('commandTag')
      .argParser((text) => parseCriterion(text)),
    new Option('--application <id>', "applications instead of the command's, in order").argParser(collect),
  ];
}

function identityOptions(): readonly Option[] {
  return [
    new Option('--id <id>', 'id of the job, which makes a repeated submit harmless; default: a new one'),
    new Option('--name <name>', 'name; default: the id'),
    new Option('--user <user>', 'who asks; default: the user of the operating system'),
    new Option('--group <group>', 'group of the user'),
    new Option('--job-version <version>', 'version of the job'),
    new Option('--description <text>', 'free text'),
    new Option('--tag <tags>', 'labels to find the job by').argParser(collectList),
    new Option('--grouping <label>', "label of a scheduler's workflow"),
    new Option('--grouping-instance <label>', 'label of a run of that workflow'),
  ];
}

function executionOptions(): readonly Option[] {
  return [
    new Option('--memory <amount>', 'memory to reserve: 512 (MiB), 512m, 2g').argParser(parseMemoryMb),
    new Option('--timeout <time>', 'longest run time of an attempt: 30s, 5m, 2h').argParser(parseDuration),
    new Option(
      '--limit <name=value>',
      `what the job may use: ${LIMIT_OPTION_NAMES.join(', ')}, as in cpu-time=10m, file-size=2g`,
    ).argParser(collectLimits),
    new Option('--max-attempts <n>', "attempts that the job's own failures may use").argParser(wholeNumber(1)),
    new Option('--env <name=value>', 'environment variable of the program').argParser(collectPairs),
    new Option('--pool <pool>', 'worker pool'),
    new Option('--config <uri>', 'configuration file to place in the job directory').argParser(collect),
    new Option('--dependency <uri>', 'file to place in the job directory').argParser(collect),
    new Option('--unpack <uri>', 'archive (.tar.gz, .tgz, .tar, .zip) to unpack in the job directory').argParser(
      collect,
    ),
    new Option('--setup-file <uri>', "shell file that the job's script sources before the program"),
    new Option('--no-archive', 'archive nothing of the job directory').default(undefined),
    new Option('--archive-exclude <pattern>', 'files that are not archived: `*`, `?` and `**`').argParser(collect),
    new Option('--raw-arguments <shell>', 'shell text that is evaluated behind the arguments'),
    new Option('--timestamps', 'record when output is written, for `marid logs --timestamps`'),
  ];
}
