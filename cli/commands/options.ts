/** Options that several commands share. */
import { Option, type Command } from 'commander';

/** `-o`, with the formats that the command knows; the first is the default. */
export function outputOption(formats: readonly string[] = ['table', 'json', 'yaml', 'name']): Option {
  const [standard] = formats;
  return new Option('-o, --output <format>', 'format of the output').choices(formats).default(standard);
}

/** `-o` of commands that print a stream. */
export const streamOutputOption = (): Option => outputOption(['table', 'jsonl']);

/** `--config`, of every command that reads the configuration. */
export const configOption = (): Option =>
  new Option('--config <file>', 'YAML file with sections controlPlane, worker and log (default: MARID_CONFIG)');

/** Adds options to a command. */
export function addOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command;
}
