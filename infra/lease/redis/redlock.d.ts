/** What we use of redlock 5.0.0-beta.2: its `exports` name no types, so that the compiler does not find its own. */
declare module 'redlock' {
  import type { EventEmitter } from 'node:events';
  import type { Redis } from 'ioredis';

  /** Votes of all servers on one operation. */
  export interface ExecutionStats {
    readonly membershipSize: number;
    readonly quorumSize: number;
    readonly votesFor: ReadonlySet<Redis>;
    readonly votesAgainst: ReadonlyMap<Redis, Error>;
  }

  /** One promise for each try; it resolves when every server has voted. */
  export interface ExecutionResult {
    readonly attempts: readonly Promise<ExecutionStats>[];
  }

  /** No quorum: contention, servers that do not answer, or both; the attempts tell which. Its `name` is `ExecutionError`. */
  export class ExecutionError extends Error implements ExecutionResult {
    readonly attempts: readonly Promise<ExecutionStats>[];
  }

  /** A key with the value that marks its owner. `expiration`: milliseconds since the epoch. */
  export class Lock {
    constructor(
      redlock: Redlock,
      resources: readonly string[],
      value: string,
      attempts: readonly Promise<ExecutionStats>[],
      expiration: number,
    );
    readonly value: string;
    readonly expiration: number;
    readonly attempts: readonly Promise<ExecutionStats>[];
  }

  // eslint-disable-next-line no-restricted-exports -- the package's own shape
  export default class Redlock extends EventEmitter {
    constructor(
      clients: Iterable<Redis>,
      settings: {
        readonly driftFactor: number;
        readonly retryCount: number;
        readonly automaticExtensionThreshold: number;
      },
      scripts?: { readonly extendScript?: (script: string) => string },
    );
    extend(lock: Lock, durationMs: number): Promise<Lock>;
    release(lock: Lock): Promise<ExecutionResult>;
  }
}
