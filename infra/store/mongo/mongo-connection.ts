/** The driver's client, and its replacement when it is blind. */
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import { CONNECT_MS, HEARTBEAT_MS } from './mongo-limits.js';

const CHECK_MS = 2000;
/** Checks that no look at a server outlives: one connects, waits for an answer, and for the next when the server streams them. */
const MOST_CHECKS = Math.ceil((2 * CONNECT_MS + HEARTBEAT_MS) / CHECK_MS) + 1;

/** What is used of the driver's client: it tells of its looks at each server, which it calls heartbeats. */
export interface WatchedClient {
  on(event: 'serverHeartbeatStarted', listener: (look: { readonly connectionId: string }) => void): unknown;
  on(event: 'serverHeartbeatSucceeded', listener: (look: { readonly connectionId: string }) => void): unknown;
  on(event: 'serverHeartbeatFailed', listener: (look: { readonly connectionId: string }) => void): unknown;
  on(event: 'serverClosed', listener: (server: { readonly address: string }) => void): unknown;
  close(): Promise<void>;
}

/** Options of `MongoConnection`. */
export interface MongoConnectionOptions<C extends WatchedClient> {
  /** Makes a client and connects it. `watch` is to be called with it before. */
  readonly open: (watch: (client: C) => void) => Promise<C>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The driver (7.9, and those before) waits for ever when it writes to a socket that is closing at that moment: for a drain that never comes. When that is a look at a server, the server
 * counts as lost from then on, whatever becomes of it. So looks that do not end are noticed, and a new client takes the place of the one that waits.
 *
 * States: open (from `open`), replacing (a new client connects; the old one stays until then), closed (`close`, for ever).
 */
export class MongoConnection<C extends WatchedClient> {
  private replacing: Promise<void> | null = null;
  private closing: Promise<void> | null = null;
  private cancelCheck: () => void;

  private constructor(
    private readonly options: MongoConnectionOptions<C>,
    private current: { readonly client: C; readonly looks: Looks },
  ) {
    this.cancelCheck = options.clock.after(CHECK_MS, () => this.check());
  }

  /** Connects. Rejects as `open` of the options does. */
  static async open<C extends WatchedClient>(options: MongoConnectionOptions<C>): Promise<MongoConnection<C>> {
    return new MongoConnection(options, await openWatched(options));
  }

  /** The client of the moment: not to be kept. */
  get client(): C {
    return this.current.client;
  }

  /** Whether that is still the client of the moment: what another is still reading ends early. */
  isCurrent(client: C): boolean {
    return this.closing === null && client === this.current.client;
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.cancelCheck();
    this.closing ??= Promise.all([this.current.client.close(), this.replacing]).then(() => undefined);
    return this.closing;
  }

  private check(): void {
    this.cancelCheck = this.options.clock.after(CHECK_MS, () => this.check());
    if (!this.current.looks.check()) return;
    this.replacing ??= this.replace().finally(() => (this.replacing = null));
  }

  /** Never rejects: what fails is tried again after the next check. */
  private async replace(): Promise<void> {
    const { logger } = this.options;
    try {
      const next = await openWatched(this.options);
      if (this.closing !== null) return await next.client.close();
      const { client } = this.current;
      this.current = next;
      logger.warn({}, 'the mongodb driver had ceased to look at a server; its client was replaced');
      await client.close();
    } catch (error) {
      logger.warn({ error }, 'the mongodb driver has ceased to look at a server; its client is to be replaced');
    }
  }
}

async function openWatched<C extends WatchedClient>({
  open,
}: MongoConnectionOptions<C>): Promise<{ readonly client: C; readonly looks: Looks }> {
  const looks = new Looks();
  return { client: await open((client) => looks.watch(client)), looks };
}

/** Looks under way, by server, with the number of checks that they have outlived: a process that is stopped for a while makes none. */
class Looks {
  private readonly underWay = new Map<string, number>();

  watch(client: WatchedClient): void {
    const end = ({ connectionId }: { readonly connectionId: string }): unknown => this.underWay.delete(connectionId);
    client.on('serverHeartbeatStarted', ({ connectionId }) => this.underWay.set(connectionId, 0));
    client.on('serverHeartbeatSucceeded', end);
    client.on('serverHeartbeatFailed', end);
    client.on('serverClosed', ({ address }) => this.underWay.delete(address));
  }

  /** Whether one lasts for too long. */
  check(): boolean {
    for (const [address, checks] of this.underWay) this.underWay.set(address, checks + 1);
    return [...this.underWay.values()].some((checks) => checks > MOST_CHECKS);
  }
}
