/** Checks of what is handed to programs: arguments and environment. Neither may hold a NUL, and Linux bounds their size. */
import { argumentSecretProblem, referenceProblem } from '../secrets/reference.js';
import { LIMITS } from './limits.js';
import { byteLength, hasNul, isLongerThan, quote } from './text.js';
import type { Violations } from './violations.js';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const RESERVED = /^(?:__)?GENIE_/;
/** Variables that bash refuses to assign: the job's script would end there (bash(1), Shell Variables). */
const READ_ONLY: ReadonlySet<string> = new Set(['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID']);

/** Notes everything that is wrong with a job's arguments. */
export function checkArguments(violations: Violations, field: string, list: readonly string[]): void {
  let total = 0;
  violations.addEach(field, list, LIMITS.arguments, (argument) => {
    const bytes = byteLength(argument);
    total += bytes;
    return argumentProblem(argument, bytes);
  });
  if (total > LIMITS.argumentsBytes) {
    violations.add(field, `have ${total} bytes in all; at most ${LIMITS.argumentsBytes} are allowed: pass a file`);
  }
}

/** Notes everything that is wrong with a command's program and first arguments. */
export function checkExecutable(violations: Violations, field: string, parts: readonly string[]): void {
  const [program] = parts;
  if (program === undefined) violations.add(field, 'is empty; give the program and, if needed, its first arguments');
  if (program?.trim() === '') violations.add(`${field}[0]`, 'is empty; give the name or path of the program');
  violations.addEach(field, parts, LIMITS.executableParts, executableProblem);
}

/** Notes everything that is wrong with the environment of a job or an entry; the path of a variable is `job.environment["NAME"]`. */
export function checkEnvironment(
  violations: Violations,
  field: string,
  environment: Readonly<Record<string, string>>,
): void {
  const entries = Object.entries(environment);
  violations.addCount(field, entries.length, LIMITS.environmentVariables);
  let total = 0;
  for (const [name, value] of entries.slice(0, LIMITS.environmentVariables)) {
    const bytes = byteLength(value);
    total += byteLength(name) + bytes;
    const path = `${field}[${quote(name)}]`;
    violations.add(path, variableNameProblem(name));
    violations.add(path, variableValueProblem(value, bytes));
  }
  if (total > LIMITS.environmentBytes) {
    violations.add(field, `has ${total} bytes in all; at most ${LIMITS.environmentBytes} are allowed: pass a file`);
  }
}

function argumentProblem(argument: string, bytes: number): string | null {
  if (hasNul(argument)) return 'has a NUL character, which no argument can carry; remove it';
  if (bytes <= LIMITS.argumentBytes) return argumentSecretProblem(argument);
  return `has ${bytes} bytes; Linux passes at most ${LIMITS.argumentBytes} in one argument: pass a file`;
}

function executableProblem(part: string): string | null {
  if (hasNul(part)) return 'has a NUL character, which no argument can carry; remove it';
  if (!isLongerThan(part, LIMITS.executableCharacters)) return argumentSecretProblem(part);
  return `is longer than ${LIMITS.executableCharacters} characters; shorten it`;
}

function variableNameProblem(name: string): string | null {
  if (isLongerThan(name, LIMITS.environmentNameCharacters)) {
    return `has a name of more than ${LIMITS.environmentNameCharacters} characters; shorten it`;
  }
  if (!VARIABLE.test(name)) return 'is no name of a variable; use letters, digits and `_`, not starting with a digit';
  if (RESERVED.test(name)) return 'is reserved; choose a name that does not begin with GENIE_ or __GENIE_';
  return READ_ONLY.has(name) ? 'is read-only in bash; choose another name' : null;
}

function variableValueProblem(value: string, bytes: number): string | null {
  if (hasNul(value)) return 'has a NUL character, which no variable can carry; remove it';
  if (bytes <= LIMITS.environmentValueBytes) return referenceProblem(value);
  return `has a value of ${bytes} bytes; at most ${LIMITS.environmentValueBytes} are allowed: pass a file`;
}
