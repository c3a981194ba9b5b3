/**
 * A lock with a deadline, by which one of several control planes leads. It is an optimisation and no fence: every action of a leader is a
 * compare-and-set that is right with two leaders.
 */
export interface LeasePort {
  /**
   * Takes the lease for `ttlMs` milliseconds if nobody holds it, or renews it if `holder` does. True: held until `ttlMs` after the call was
   * *made*. False: somebody else holds it. Rejects with `UNAVAILABLE` when that cannot be known.
   */
  acquire(options: { readonly name: string; readonly holder: string; readonly ttlMs: number }): Promise<boolean>;
  /** Gives the lease up if `holder` holds it; idempotent. */
  release(options: { readonly name: string; readonly holder: string }): Promise<void>;
  /** Ends the connection; held leases run out by themselves. Idempotent. */
  close(): Promise<void>;
}
