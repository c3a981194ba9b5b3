/** The keys of a worker's configuration that say who jobs run as. */
import { z } from 'zod';
import { isAccountName, type RunAsPolicy } from '../../core/users/run-as.js';
import { list } from './list-key.js';

const name = z.string().refine(isAccountName, 'must be the name of an account');

/** The keys, each with a default. */
export const userKeys = {
  runAsUsers: list(z.literal('*').or(name))
    .default([])
    .describe(
      'Users whose jobs run as the account of the same name; *: all. Marid believes what a request says of its user: see docs/securing.md.',
    ),
  runAsUser: name
    .nullable()
    .default(null)
    .describe(
      'Account that all other jobs run as; null: other jobs fail if runAsUsers names users, else every job runs as the worker.',
    ),
  runAsMinimumUid: z
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .default(1000)
    .describe("Lowest number of an account that jobs may run as; those below are the system's."),
};

/** What the keys say. */
export function runAsPolicy(
  config: Readonly<{ runAsUsers: readonly string[]; runAsUser: string | null; runAsMinimumUid: number }>,
): RunAsPolicy {
  return { users: config.runAsUsers, fallback: config.runAsUser, minimumUid: config.runAsMinimumUid };
}
