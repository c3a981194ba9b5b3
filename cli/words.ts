/** The words for kinds on the command line. */
import { InvalidArgumentError } from 'commander';
import { nearest } from '../infra/runtime/nearest.js';

/** Kinds of the registry. */
export const REGISTRY_WORDS = ['application', 'command', 'cluster'] as const;

/** Word of a kind of the registry. */
export type RegistryWord = (typeof REGISTRY_WORDS)[number];

/** Every kind that can be shown. */
export const KIND_WORDS = [...REGISTRY_WORDS, 'job', 'worker'] as const;

/** Word of any kind. */
export type KindWord = (typeof KIND_WORDS)[number];

/** Words as they are offered by help and completion. */
export const PLURAL_WORDS: readonly string[] = KIND_WORDS.map((word) => `${word}s`);

const SHORT: Readonly<Record<string, KindWord>> = { app: 'application', apps: 'application' };

/** The kind of a word in singular, plural or short form. Throws a usage error with the closest word. */
export function parseKind<K extends KindWord>(known: readonly K[]): (text: string) => K {
  return (text) => {
    const word = SHORT[text] ?? text;
    const found = known.find((kind) => word === kind || word === `${kind}s`);
    if (found !== undefined) return found;
    const names = known.map((kind) => `${kind}s`);
    throw new InvalidArgumentError(`Kinds are ${names.join(', ')}${nearest(text, names)}`);
  };
}
