/** The command tree as completion needs it: what may follow which words. */
import type { Argument, Command, Option } from 'commander';
import { PLURAL_WORDS } from '../words.js';

/** One command with its path from the root, for example `profile set`; the root's is empty. */
export interface CompletionNode {
  readonly path: string;
  readonly subcommands: readonly string[];
  /** Long and short forms, those of the root included. */
  readonly options: readonly string[];
  /** Forms of options that take a value, with their choices; none: files. */
  readonly valued: readonly { readonly form: string; readonly choices: readonly string[] }[];
  /** Choices of the first argument. */
  readonly words: readonly string[];
}

/** All visible commands, root first. */
export function completionNodes(root: Command): readonly CompletionNode[] {
  return visit(root, '', []);
}

function visit(command: Command, path: string, inherited: readonly Option[]): readonly CompletionNode[] {
  const children = command.commands.filter((child) => child.name() !== 'help');
  const options = [...inherited, ...command.options];
  const node: CompletionNode = {
    path,
    subcommands: children.map((child) => child.name()),
    options: [...options.flatMap(formsOf), '--help'],
    valued: options
      .filter((option) => option.required || option.optional)
      .flatMap((option) => formsOf(option).map((form) => ({ form, choices: option.argChoices ?? [] }))),
    words: wordsOf(command.registeredArguments[0]),
  };
  const global = path === '' ? options.filter(({ long }) => long !== '--version') : inherited;
  return [node, ...children.flatMap((child) => visit(child, `${path} ${child.name()}`.trim(), global))];
}

function formsOf(option: Option): readonly string[] {
  return [option.long, option.short].filter((form) => typeof form === 'string');
}

/** Kinds are parsed by a function of ours, so their words are not commander's choices. */
function wordsOf(argument: Argument | undefined): readonly string[] {
  if (argument?.name() === 'kind') return PLURAL_WORDS.filter((word) => argument.description.includes(word));
  return argument?.argChoices ?? [];
}
