/** Reads the files that jobs name by URI; one implementation for each scheme, or for a few that belong together. */

/** What is to be read. */
export interface FetchRequest {
  /** Without a fragment. */
  readonly uri: string;
  /** The version that the caller holds; null: none. */
  readonly held: string | null;
  /** Where a read that broke is to go on; null: from the start. */
  readonly resume: FetchPlace | null;
  /** Ends everything that belongs to this read, the body included. The caller aborts it when it is done with the body. */
  readonly signal: AbortSignal;
}

/** A place in one version of a file. */
export interface FetchPlace {
  readonly version: string;
  /** Bytes before it. */
  readonly offset: number;
}

/** A file that is open for reading. */
export interface FetchedFile {
  /** Changes with the content; null when the source does not tell, and nothing can be held then. */
  readonly version: string | null;
  /** Of the whole file; null when the source does not tell. */
  readonly sizeBytes: number | null;
  /** Bytes of the file before the first of the body: as asked in `resume`, or 0. */
  readonly offset: number;
  /** Whether the source says that it is a program. */
  readonly executable: boolean;
  readonly body: AsyncIterable<Uint8Array>;
}

/** One kind of source. Each wait is limited in time. */
export interface Fetcher {
  /** Opens a file; null when the source still has the version that is held. Rejects with `FetchError`, and so does the body. */
  open(request: FetchRequest): Promise<FetchedFile | null>;
  /** Ends everything; idempotent. */
  close(): Promise<void>;
}

/** The fetchers of a worker. */
export interface Fetchers {
  /** Schemes that may be used, without the colon. */
  readonly schemes: readonly string[];
  /** The fetcher of a scheme, loaded at its first use; null when the scheme may not be used. */
  forScheme(scheme: string): Promise<Fetcher | null>;
  /** Ends all; idempotent. */
  close(): Promise<void>;
}

/** Why a file could not be had. The message is one sentence that names the URI, and is fit for users. */
export class FetchError extends Error {
  override readonly name = 'FetchError';

  constructor(
    /** Machine-readable cause, for example `FILE_UNREADABLE`. */
    readonly reason: string,
    message: string,
    /** Whether trying again may help; otherwise whoever named the URI has to mend it. */
    readonly infrastructure: boolean,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** Whether a caught value is a `FetchError`, by name: `instanceof` fails across realms. */
export function isFetchError(value: unknown): value is FetchError {
  return value instanceof Error && value.name === 'FetchError' && 'reason' in value && 'infrastructure' in value;
}

/** A URI as it may be shown: without its password. */
export function shownUri(uri: string): string {
  return uri.replace(/^([a-z][a-z0-9+.-]*:\/\/[^:/?#@]*):[^/?#]*@/i, '$1:***@');
}
