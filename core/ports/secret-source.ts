/** Where a worker has the secrets of jobs from. */
export interface SecretSource {
  /**
   * The content of a secret, read anew each time so that it can be changed under a running worker; `null` when there is none of this name, which is a plain file name.
   * Rejects when it is there and cannot be read; the error names no content.
   */
  read(name: string): Promise<Uint8Array | null>;
}
