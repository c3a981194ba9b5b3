/** The keys of a worker's configuration that say which secrets jobs get. */
import { z } from 'zod';
import { isSecretName } from '../../core/secrets/reference.js';
import { list } from './list-key.js';

/** A secret that may be given to jobs. */
export interface SecretRule {
  readonly name: string;
  /** Whose jobs get it; `null`: everybody's. */
  readonly user: string | null;
}

const rule = z
  .string()
  .refine((text) => isSecretName(parseRule(text).name), 'must be NAME, or NAME@USER for the jobs of one user')
  .refine((text) => parseRule(text).user !== '', 'has nothing behind the @');

/** The keys, each with a default. */
export const secretKeys = {
  secretsAllow: list(rule)
    .default([])
    .describe(
      'Secrets that jobs may refer to (`secret:NAME`, `secret-file:NAME` in their environment): NAME, or NAME@USER for the jobs of one user.',
    ),
  secretsFolder: z
    .string()
    .startsWith('/', 'must be an absolute path')
    .nullable()
    .default(null)
    .describe('Folder with a file for each secret, by its name; null: none.'),
  secretsPrefix: z
    .string()
    .regex(/^(?!MARID_)[A-Za-z_][A-Za-z0-9_]*$/, 'must be the beginning of a variable, other than MARID_')
    .nullable()
    .default(null)
    .describe(
      "Beginning of variables of the worker's own environment that hold secrets: with `JOB_`, JOB_DB_PASSWORD is the secret DB_PASSWORD. Files come first; null: none.",
    ),
};

/** The rules of the key `secretsAllow`. */
export function secretRules(entries: readonly string[]): readonly SecretRule[] {
  return entries.map(parseRule);
}

/** A user's name may hold an @ itself, a secret's cannot. */
function parseRule(text: string): SecretRule {
  const at = text.indexOf('@');
  return at < 0 ? { name: text, user: null } : { name: text.slice(0, at), user: text.slice(at + 1) };
}
