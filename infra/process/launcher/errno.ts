/** Errors of the operating system, by name: `instanceof` fails across realms. */

/** The name of the system's error, for example `ENOENT`, or `null` when it is another. */
export function errnoOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** Whether an error is one of the named ones. */
export function isErrno(error: unknown, ...names: readonly string[]): boolean {
  const name = errnoOf(error);
  return name !== null && names.includes(name);
}

/** Runs `action` and says whether it succeeded; the named errors are failures, all others are thrown. */
export function succeeds(action: () => void, ...names: readonly string[]): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (isErrno(error, ...names)) return false;
    throw error;
  }
}
