/** Whether this process can start jobs as other users: looked at when a worker starts, so that no job finds out. */
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MaridError } from '../../core/errors/marid-error.js';
import type { Accounts } from '../../core/ports/accounts.js';
import { accountProblem, type RunAsPolicy } from '../../core/users/run-as.js';
import { droppedCommand } from '../process/launcher/dropped-command.js';

/** What it takes to be rid of rights, to give files away, to look after them, and to watch and end the processes: bits of the kernel's sets. */
const CAPABILITIES = {
  ...{ CAP_CHOWN: 0, CAP_DAC_OVERRIDE: 1, CAP_FOWNER: 3, CAP_KILL: 5, CAP_SETGID: 6, CAP_SETUID: 7 },
  CAP_SYS_PTRACE: 19,
};
/** Rights are dropped to this account in the trial: nobody's, wherever there is no other. */
const NOBODY = { uid: 65534, gid: 65534, groups: [65534] };

/** Throws `INVALID_ARGUMENT`, with what is missing and what to do, when jobs cannot run as the policy says. `folder`: of the jobs, absolute; it exists. */
export async function checkRunAs(policy: RunAsPolicy, folder: string, accounts: Accounts): Promise<void> {
  const missing = missingCapabilities();
  if (missing.length > 0) {
    throw impossible(`the worker has to be root, or to have ${missing.join(', ')}`);
  }
  const failed = await tryDrop();
  if (failed !== null) throw impossible(`rights cannot be dropped (${failed})`);
  const closed = closedFolder(folder);
  if (closed !== null) {
    throw impossible(
      `others cannot reach ${folder}, because ${closed} keeps them out: \`chmod o+x\` it, or choose another state folder`,
    );
  }
  if (policy.fallback !== null) await checkFallback(policy.fallback, policy, accounts);
}

async function checkFallback(name: string, policy: RunAsPolicy, accounts: Accounts): Promise<void> {
  const account = await accounts.find(name);
  const problem = account === null ? 'there is no such account' : accountProblem(account, policy);
  if (problem !== null) throw impossible(`runAsUser is ${JSON.stringify(name)}, but ${problem}`);
}

function missingCapabilities(): readonly string[] {
  const found = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const effective = BigInt(`0x${found}`);
  return Object.entries(CAPABILITIES).flatMap(([name, bit]) =>
    ((effective >> BigInt(bit)) & 1n) === 1n ? [] : [name],
  );
}

/** Why it does not work; `null`: it does. */
function tryDrop(): Promise<string | null> {
  const [program, ...parameters] = droppedCommand(['/bin/true'], NOBODY);
  return new Promise((resolve) => {
    execFile(program, parameters, (error, _, stderr) =>
      resolve(error === null ? null : stderr.trim() || error.message),
    );
  });
}

/** The folder on the way that others may not go through, or `null`. */
function closedFolder(path: string): string | null {
  if ((statSync(path).mode & 0o001) === 0) return path;
  return path === '/' ? null : closedFolder(dirname(path));
}

function impossible(why: string): MaridError {
  return new MaridError(
    'INVALID_ARGUMENT',
    `Jobs cannot run as other users (worker.runAsUsers, worker.runAsUser): ${why}.`,
  );
}
