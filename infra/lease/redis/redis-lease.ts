/** `LeasePort` on 1, 3 or 5 Redis servers by the Redlock algorithm (https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/). */
import type RedlockClient from 'redlock';
import type { ExecutionResult, ExecutionStats, Lock } from 'redlock';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { LeasePort } from '../../../core/ports/lease-port.js';
import type { Logger } from '../../../core/ports/logger.js';
import { reasonOf, RedisServer } from './redis-server.js';
import { checkRedisUrls } from './redis-urls.js';
import { isGivenUp, verdictOf, type Votes } from './votes.js';

/** How much faster a server's clock may run than ours, and the granularity of Redis' deadlines in milliseconds. */
const DRIFT_FACTOR = 0.01;
const DRIFT_MS = 2;

const DEFAULT_COMMAND_TIMEOUT_MS = 500;
const DEFAULT_KEY_PREFIX = 'marid:lease:';

/** Takes a key that is free, renews our own: one vote for both, so that a server that lost its data votes like the others. */
const TAKE_OR_RENEW = `
  local owner = redis.call("get", KEYS[1])
  if owner and owner ~= ARGV[1] then
    return 0
  end
  redis.call("set", KEYS[1], ARGV[1], "PX", ARGV[2])
  return 1
`;

/** Options of `RedisLease.connect`. */
export interface RedisLeaseOptions {
  /** 1, 3 or 5 independent servers, `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS. Not a cluster, no replicas of each other. */
  readonly urls: readonly string[];
  /** Certificates (PEM) of the authorities that `rediss://` servers are checked against. Default: those of Node. */
  readonly ca?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longest wait for the answer of one server, milliseconds. Default: 500. A call takes at most about two of them. */
  readonly commandTimeoutMs?: number;
  /** Put before the names of leases. Default: `marid:lease:`. Installations that share servers need different ones, or different databases. */
  readonly keyPrefix?: string;
}

/** A server and why it cannot be used; `null` when it can. */
export interface RedisServerState {
  readonly server: string;
  readonly problem: string | null;
}

interface Named {
  readonly name: string;
  readonly holder: string;
}

/**
 * Leases as keys whose value is the holder. It goes on while a majority of the servers answers; servers that lose their data, or come back without it, can let a second
 * holder in early: the lease is no fence. States: open (from `connect`, also while servers are down) and closed (by `close`, for ever).
 */
export class RedisLease implements LeasePort {
  /** Until when, on the monotonic clock, our own leases surely hold. */
  private readonly heldUntil = new Map<string, number>();
  private closing: Promise<void> | null = null;

  private constructor(
    private readonly servers: readonly RedisServer[],
    private readonly redlock: RedlockClient,
    private readonly lockOf: (key: string, holder: string) => Lock,
    private readonly options: { readonly clock: Clock; readonly keyPrefix: string },
  ) {}

  /** Rejects with `INVALID_ARGUMENT` for a wrong number of servers or a malformed URL. Servers that are down are no error: they are tried again and again. */
  static async connect(options: RedisLeaseOptions): Promise<RedisLease> {
    const { urls, ca, clock, logger, commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS } = options;
    checkRedisUrls(urls);
    const { default: Redlock, Lock } = await import('redlock');
    const servers = await Promise.all(urls.map((url) => RedisServer.connect({ url, ca, commandTimeoutMs, logger })));
    const redlock = new Redlock(
      servers.map((server) => server.client),
      { driftFactor: DRIFT_FACTOR, retryCount: 0, automaticExtensionThreshold: 0 },
      { extendScript: () => TAKE_OR_RENEW },
    );
    redlock.on('error', () => undefined); // one for each vote against; the verdict counts them
    const lockOf = (key: string, holder: string): Lock => new Lock(redlock, [key], holder, [], Number.MAX_SAFE_INTEGER);
    return new RedisLease(servers, redlock, lockOf, { clock, keyPrefix: options.keyPrefix ?? DEFAULT_KEY_PREFIX });
  }

  async acquire({ name, holder, ttlMs }: Named & { readonly ttlMs: number }): Promise<boolean> {
    const { clock } = this.options;
    const id = JSON.stringify([name, holder]);
    const askedAt = clock.monotonic();
    const outcome = await this.vote(() => this.redlock.extend(this.lock({ name, holder }), serverTtlMs(ttlMs)));
    const verdict = verdictOf(outcome.votes);
    if (verdict === 'granted' && clock.monotonic() < askedAt + ttlMs) {
      this.heldUntil.set(id, askedAt + ttlMs);
      return true;
    }
    if (verdict === 'refused') this.heldUntil.delete(id);
    await this.withdraw({ name, holder }, id);
    if (verdict === 'refused') return false;
    throw this.unavailable(`The lease ${name} is not decided`, outcome);
  }

  async release({ name, holder }: Named): Promise<void> {
    this.heldUntil.delete(JSON.stringify([name, holder]));
    const outcome = await this.vote(() => this.redlock.release(this.lock({ name, holder })));
    if (!isGivenUp(outcome.votes)) throw this.unavailable(`The lease ${name} was not given up everywhere`, outcome);
  }

  /** Each server with its problem. */
  state(): readonly RedisServerState[] {
    return this.servers.map(({ label, problem }) => ({ server: label, problem }));
  }

  close(): Promise<void> {
    this.closing ??= Promise.all(this.servers.map((server) => server.close())).then(() => undefined);
    return this.closing;
  }

  /** Takes back what a minority granted, unless an earlier lease of ours still holds: then the keys are its own. */
  private async withdraw(lease: Named, id: string): Promise<void> {
    if ((this.heldUntil.get(id) ?? 0) > this.options.clock.monotonic()) return;
    this.heldUntil.delete(id);
    await this.vote(() => this.redlock.release(this.lock(lease)), { wait: 'all' });
  }

  private lock({ name, holder }: Named): Lock {
    if (this.closing !== null) throw new MaridError('UNAVAILABLE', 'The lease is closed; this process ends.');
    return this.lockOf(this.options.keyPrefix + name, holder);
  }

  /** Runs an operation on all servers. A majority in favour ends the wait, unless all are waited for. */
  private async vote(
    run: () => Promise<ExecutionResult>,
    { wait = 'majority' }: { readonly wait?: 'majority' | 'all' } = {},
  ): Promise<Outcome> {
    const servers = this.servers.length;
    try {
      const voting = (await run()).attempts.at(-1)?.then((stats) => this.note(stats));
      if (wait === 'all') await voting;
      return { votes: { servers, inFavour: servers, refused: 0 }, against: new Map() };
    } catch (error) {
      const stats = await statsOf(error);
      if (stats === null) throw error;
      const refused = [...stats.votesAgainst.values()].filter(isRefusal).length;
      return { votes: { servers, inFavour: stats.votesFor.size, refused }, against: this.note(stats) };
    }
  }

  /** Tells each server how its command ended; returns why they voted against, by server. */
  private note({ votesAgainst }: ExecutionStats): Outcome['against'] {
    for (const server of this.servers) server.noteVote(votesAgainst.get(server.client));
    return new Map(this.servers.map(({ label, client }) => [label, votesAgainst.get(client)]));
  }

  private unavailable(what: string, { against }: Outcome): MaridError {
    const reasons = this.servers.flatMap(({ label, problem }) => {
      const vote = against.get(label);
      return vote === undefined || isRefusal(vote) ? [] : [`${label}: ${problem ?? reasonOf(vote)}`];
    });
    const count = `${String(reasons.length)} of ${String(this.servers.length)} Redis servers gave no answer`;
    const detail = reasons.length === 0 ? 'the answers came too late' : `${count} (${reasons.join('; ')})`;
    return new MaridError('UNAVAILABLE', `${what}: ${detail}.`);
  }
}

interface Outcome {
  readonly votes: Votes;
  /** By server: why it voted against; undefined when it did not. */
  readonly against: ReadonlyMap<string, Error | undefined>;
}

/** Longer than what is promised, by what a server's clock may gain. */
function serverTtlMs(ttlMs: number): number {
  return Math.ceil((ttlMs + DRIFT_MS) / (1 - DRIFT_FACTOR));
}

/** All votes behind a missing quorum; `null` when the error is another. By name: errors cross realms. */
async function statsOf(error: unknown): Promise<ExecutionStats | null> {
  return isExecutionError(error) ? ((await error.attempts.at(-1)) ?? null) : null;
}

/** Whether a vote says that the key is somebody else's; every other vote against is no answer. */
function isRefusal(vote: Error): boolean {
  return vote.name === 'ResourceLockedError';
}

function isExecutionError(error: unknown): error is ExecutionResult {
  return (
    typeof error === 'object' &&
    error !== null &&
    'attempts' in error &&
    'name' in error &&
    error.name === 'ExecutionError'
  );
}
