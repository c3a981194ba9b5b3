/** How commands are added to the program. A registration is light: what a command does is imported when it runs. */
import type { Command } from 'commander';
import type { CliContext } from './context.js';

/** Adds one command, or a few that belong together. */
export interface Registration {
  /** Adds to the program; `context` is for the actions. */
  readonly register: (program: Command, context: CliContext) => void;
}

/** Options of `documented`. */
export interface CommandText {
  /** One sentence: what the command does. */
  readonly summary: string;
  /** More sentences. Default: none. */
  readonly details?: string;
  /** Command lines with what they do, at least one. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
}

/** Gives a command its help. */
export function documented(command: Command, text: CommandText): Command {
  const lines = text.examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`);
  const description = text.details === undefined ? text.summary : `${text.summary}\n\n${text.details}`;
  return command
    .summary(text.summary)
    .description(description)
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** Options of the program itself, which every command knows. */
export interface GlobalOptions {
  readonly address?: string;
  readonly profile?: string;
  /** Milliseconds. */
  readonly requestTimeout: number;
}
