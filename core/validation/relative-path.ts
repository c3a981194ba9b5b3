/** Paths below a folder that users name. */
import { invalidArgument } from '../errors/marid-error.js';

/** A relative path of plain names. Throws `INVALID_ARGUMENT` for anything else: absolute, `..`, `.`, empty parts, NUL. */
export function checkRelativePath(path: string, field: string): string {
  const problem = path.includes('\0')
    ? 'has a NUL'
    : path.startsWith('/')
      ? 'is absolute; give a path below the job directory'
      : path.split('/').some((part) => part === '' || part === '.' || part === '..')
        ? 'has an empty part, `.` or `..`'
        : null;
  if (problem !== null) throw invalidArgument([{ field, description: `${JSON.stringify(path)} ${problem}` }]);
  return path;
}
