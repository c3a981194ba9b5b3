/** What the votes of the servers mean. */

/** Votes on one operation, counted. */
export interface Votes {
  readonly servers: number;
  /** Did it. */
  readonly inFavour: number;
  /** Answered that the key is somebody else's. */
  readonly refused: number;
}

/** `granted` or `refused` by a majority; `unknown` when neither can be said: too many servers did not answer. */
export type Verdict = 'granted' | 'refused' | 'unknown';

/** The verdict on a wish to hold a lease. */
export function verdictOf({ servers, inFavour, refused }: Votes): Verdict {
  if (isMajority(inFavour, servers)) return 'granted';
  return isMajority(refused, servers) ? 'refused' : 'unknown';
}

/** Whether a lease is given up: a majority answered, and none of those holds the key for us any more. */
export function isGivenUp({ servers, inFavour, refused }: Votes): boolean {
  return isMajority(inFavour + refused, servers);
}

function isMajority(count: number, servers: number): boolean {
  return count > servers / 2;
}
