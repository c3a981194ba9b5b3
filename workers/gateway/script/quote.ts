/** Exact quoting for bash: what goes in is what the program gets, whatever it is. */
import { MaridError } from '../../../core/errors/marid-error.js';

/**
 * One word of a shell script that stands for exactly `text`. Throws `INVALID_ARGUMENT` for text with a NUL, which neither an argument nor a
 * variable can hold.
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new MaridError('INVALID_ARGUMENT', 'Text with a NUL cannot be passed to a program.');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Names that bash keeps to itself: it refuses to set them. */
const READ_ONLY = new Set(['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID']);

/** `export NAME='value'`. Throws `INVALID_ARGUMENT` for a name that is none, or that bash does not let anybody set. */
export function exportLine(name: string, value: string): string {
  checkVariableName(name);
  return `export ${name}=${quote(value)}`;
}

/** Throws `INVALID_ARGUMENT` for a name that no script can export. */
export function checkVariableName(name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new MaridError('INVALID_ARGUMENT', `${JSON.stringify(name)} is not the name of an environment variable.`);
  }
  if (READ_ONLY.has(name)) {
    throw new MaridError(
      'INVALID_ARGUMENT',
      `The environment variable ${name} cannot be set: bash keeps it read-only.`,
    );
  }
}
