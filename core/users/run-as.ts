/** Which account of the operating system a job runs as. Pure. */
import type { Account } from '../ports/accounts.js';

/** What a worker's configuration says. */
export interface RunAsPolicy {
  /** Users whose jobs run as the account of the same name; `*`: every user. */
  readonly users: readonly string[];
  /** Account of all other jobs; `null`: with `users` they are refused, without they run as the worker. */
  readonly fallback: string | null;
  /** Accounts below it are the system's. */
  readonly minimumUid: number;
}

/** What follows for a job. */
export type RunAs =
  { readonly kind: 'worker' } | { readonly kind: 'account'; readonly name: string } | { readonly kind: 'refused' };

/** Whether jobs run as others than the worker. */
export function runsAsOthers({ users, fallback }: RunAsPolicy): boolean {
  return users.length > 0 || fallback !== null;
}

/** Who a job of this user runs as. */
export function runAs({ users, fallback }: RunAsPolicy, user: string): RunAs {
  if (users.includes(user) || users.includes('*')) return { kind: 'account', name: user };
  if (fallback !== null) return { kind: 'account', name: fallback };
  return { kind: users.length === 0 ? 'worker' : 'refused' };
}

/** Why no job may run as this account; `null`: it may. */
export function accountProblem({ uid, groups }: Account, { minimumUid }: RunAsPolicy): string | null {
  if (uid === 0) return 'it is the superuser';
  if (uid < minimumUid) return `its number ${uid} is below ${minimumUid}, so that it is an account of the system`;
  return groups.includes(0) ? 'it belongs to the group of the superuser' : null;
}

/** Whether a text can be the name of an account: nothing that a tool would take for a number or an option. */
export function isAccountName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.@-]{0,254}$/.test(text);
}
