/**
 * Anything that lives long. `start` and `stop` are safe to call twice and in any order; `stop` resolves only when all loops,
 * timers, sockets and children are gone.
 */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
