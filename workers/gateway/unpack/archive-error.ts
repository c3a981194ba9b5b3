/** An archive that is broken or refused: the job's own failure. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';

  constructor(
    /** What is wrong, as the end of a sentence. */
    readonly why: string,
    options?: ErrorOptions,
  ) {
    super(`The archive is refused: ${why}.`, options);
  }
}

/** Whether a caught value is one, by name: `instanceof` fails across realms. */
export function isArchiveError(value: unknown): value is ArchiveError {
  return value instanceof Error && value.name === 'ArchiveError' && 'why' in value;
}
