/** One Redis server of a lease. */
import type { Redis } from 'ioredis';
import type { Logger } from '../../../core/ports/logger.js';
import { labelOf } from './redis-urls.js';

/** Time for TCP and TLS, milliseconds. */
const CONNECT_TIMEOUT_MS = 500;
/** A server that let this many commands pass in a row gets a new connection: it may have moved behind its name, and TCP takes a quarter of an hour to notice. */
const MAX_UNANSWERED = 3;
/** The driver's error for a command without an answer has no name or code of its own. */
const TIMED_OUT = 'Command timed out';
/** Time for the server to close its side; the driver arms this timer even when the socket is gone already, milliseconds. */
const DISCONNECT_TIMEOUT_MS = 100;
const FIRST_RECONNECT_MS = 100;
const LONGEST_RECONNECT_MS = 5000;

/** Options of `RedisServer.connect`. */
export interface RedisServerOptions {
  /** `redis://` or `rediss://` URL with user, password and database as usual. */
  readonly url: string;
  /** Certificates (PEM) that a `rediss://` server is checked against. Default: Node's. */
  readonly ca?: string | undefined;
  /** Longest wait for an answer, milliseconds. */
  readonly commandTimeoutMs: number;
  readonly logger: Logger;
}

/**
 * A connection that heals by itself, with back-off. States: up, down (with the `problem`; commands fail at once), closed (`close`). The log has a line for
 * each change, never one for each try.
 */
export class RedisServer {
  private currentProblem: string | null = null;
  private unanswered = 0;

  private constructor(
    /** `host:port`, without user and password. */
    readonly label: string,
    readonly client: Redis,
    private readonly logger: Logger,
  ) {
    client.on('error', (error: unknown) => {
      this.failed(reasonOf(error));
    });
    client.on('close', () => {
      if (client.status !== 'end') this.failed(this.currentProblem ?? 'the connection broke');
    });
    client.on('ready', () => {
      this.recovered();
    });
  }

  /** Resolves when the server has answered or failed for the first time; a server that is down is no error. */
  static async connect({ url, ca, commandTimeoutMs, logger }: RedisServerOptions): Promise<RedisServer> {
    const { Redis } = await import('ioredis');
    const client = new Redis(url, {
      ...(ca !== undefined && url.startsWith('rediss:') ? { tls: { ca } } : {}),
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: commandTimeoutMs,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(times - 1, 10), LONGEST_RECONNECT_MS),
    });
    const server = new RedisServer(labelOf(url), client, logger);
    await client.connect().catch((error: unknown) => {
      server.failed(server.currentProblem ?? reasonOf(error)); // it often says no more than that the connection is closed
    });
    return server;
  }

  /** Why it cannot be used now; `null` while it can. */
  get problem(): string | null {
    return this.currentProblem;
  }

  /** Takes note of how a command ended: `undefined` for well. */
  noteVote(error: unknown): void {
    this.unanswered = error !== undefined && reasonOf(error) === TIMED_OUT ? this.unanswered + 1 : 0;
    if (this.unanswered < MAX_UNANSWERED || this.client.status !== 'ready') return;
    this.unanswered = 0;
    this.client.disconnect(true);
  }

  /** Resolves when the socket is gone. */
  async close(): Promise<void> {
    const hasSocket = this.client.status !== 'end' && this.client.status !== 'reconnecting';
    const ended = new Promise((resolve) => this.client.once('end', resolve));
    this.client.disconnect();
    if (hasSocket) await ended; // the driver says `end` in no other state
  }

  private failed(problem: string): void {
    const wasUp = this.currentProblem === null;
    this.currentProblem = problem;
    if (wasUp) this.logger.warn({ server: this.label, problem }, 'a Redis server of the lease is down; reconnecting');
  }

  private recovered(): void {
    const wasDown = this.currentProblem !== null;
    this.currentProblem = null;
    if (wasDown) this.logger.info({ server: this.label }, 'a Redis server of the lease is back');
  }
}

/**
 * The message alone: an error of the driver carries the command with its arguments, and of AUTH these are the password. A host with several addresses
 * gives an error without a message over one for each.
 */
export function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'no answer';
  if ('message' in error && typeof error.message === 'string' && error.message !== '') return error.message;
  return 'errors' in error && Array.isArray(error.errors) ? reasonOf(error.errors[0]) : 'no answer';
}
