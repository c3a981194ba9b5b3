/** What caught values say: by their form, because `instanceof` fails across realms. */

/** The name of the operating system's error, for example `ENOENT`, or `null` when it is another. */
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

/** The message of a caught value. */
export function errorText(error: unknown): string {
  const isError = typeof error === 'object' && error !== null && 'message' in error;
  return isError && typeof error.message === 'string' ? error.message : String(error);
}
