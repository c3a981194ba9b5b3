/** Limits and times of the transport, shared by servers and channels. */

/** Largest message that is taken, in bytes. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** Time until a unary call fails when its caller does not say, in milliseconds. */
export const DEFAULT_UNARY_TIMEOUT_MS = 30_000;

/** Longest time that a server works for a unary call, in milliseconds. */
export const UNARY_CAP_MS = 60_000;

/** Time between two pings of a connection, in milliseconds. */
export const KEEPALIVE_TIME_MS = 30_000;

/** Time that a ping may take, in milliseconds; then the connection counts as broken. */
export const KEEPALIVE_TIMEOUT_MS = 10_000;

/** Age at which a server asks a connection to be replaced, so that clients spread over servers, in milliseconds. */
export const MAX_CONNECTION_AGE_MS = 300_000;

/** How long streams of a connection past its age may go on, in milliseconds; callers resume them elsewhere. */
export const MAX_CONNECTION_AGE_GRACE_MS = 3_600_000;
