/** How long anything may take: the parts are cut so that a caller hears something definite within `CALL_MS`. All milliseconds. */

/** From the call of a store's method to its answer or its error. */
export const CALL_MS = 9000;
/** Until a primary is found. */
export const SELECT_MS = 3000;
/** Until a connection stands; also until a silent server counts as down. */
export const CONNECT_MS = 3000;
/** Until a connection of the pool is free. */
export const QUEUE_MS = 3000;
/** Without a byte from the server while an operation runs: more than the two that follow together. */
export const SOCKET_MS = 6500;
/** What the server may work on one operation (`maxTimeMS`). */
export const OPERATION_MS = 3000;
/** What the server may wait for the majority. */
export const MAJORITY_MS = 3000;
/** Between two looks at each server. */
export const HEARTBEAT_MS = 2000;
/** What making indexes at start may take. */
export const BUILD_MS = 3_600_000;
