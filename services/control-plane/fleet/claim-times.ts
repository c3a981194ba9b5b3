/** How long a claim may be unknown to the worker that made it. By the clocks of all control planes, which may differ by some seconds. */

/** A claim is repeated to a worker that has no answer for this long, milliseconds; later it is as good as gone. */
export const CLAIM_REPEATED_MS = 45_000;

/**
 * A claim of the current session that the worker does not hold may still be on its way to it for this long, milliseconds: longer than it is repeated and the worker
 * waits for an answer (10 s), so that no worker gets a claim that is being declared lost.
 */
export const CLAIM_UNDER_WAY_MS = 60_000;
