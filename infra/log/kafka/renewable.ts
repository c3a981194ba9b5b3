/** A connected part of kafkajs that is thrown away when it fails. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { KafkaSockets } from './kafka-sockets.js';
import { within } from '../../../core/time/within.js';

/** What kafkajs' producer and admin have in common. */
export interface Connectable {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

/** One of them with its connections. */
export interface ConnectableClient<T> {
  readonly part: T;
  readonly sockets: KafkaSockets;
}

/** Options of `Renewable`. */
export interface RenewableOptions<T> {
  /** Makes one that is not connected. */
  readonly create: () => ConnectableClient<T>;
  /** What it is, as in "the producer". */
  readonly name: string;
  /** Longest time to connect or to leave, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * States: empty, connecting or connected (from `get`; concurrent calls share one), empty again (`discard`, or when connecting failed), closed
 * (`close`, for ever). A part is replaced and never repaired: after a lost connection or a deleted topic kafkajs keeps stale connections and asks for
 * topics that are gone, and then fails for all others too.
 */
export class Renewable<T extends Connectable> {
  private current: { readonly client: ConnectableClient<T>; readonly connected: Promise<T> } | null = null;
  private readonly leaving = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly options: RenewableOptions<T>) {}

  /** The connected part. Rejects with what the connection met. */
  async get(): Promise<T> {
    if (this.closed) throw new MaridError('UNAVAILABLE', 'The log is closed.', { retryable: false });
    this.current ??= this.open();
    const { connected, client } = this.current;
    try {
      return await connected;
    } catch (error) {
      this.discard(client.part);
      throw error;
    }
  }

  /** Throws a part away, unless it was replaced meanwhile; what it has under way fails. */
  discard(part: T): void {
    if (this.current?.client.part !== part) return;
    const { client } = this.current;
    this.current = null;
    client.sockets.end();
    this.leave(client);
  }

  /** Ends it in order; idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    const client = this.current?.client;
    this.current = null;
    if (client !== undefined) this.leave(client);
    await Promise.all(this.leaving);
  }

  private open(): { readonly client: ConnectableClient<T>; readonly connected: Promise<T> } {
    const { clock, timeoutMs, name, create } = this.options;
    const client = create();
    const connecting = client.part.connect().then(() => client.part);
    return { client, connected: within({ clock, ms: timeoutMs, what: `Connecting ${name} to Kafka` }, connecting) };
  }

  private leave({ part, sockets }: ConnectableClient<T>): void {
    const { clock, timeoutMs, name, logger } = this.options;
    const left = within({ clock, ms: timeoutMs, what: `Disconnecting ${name}` }, part.disconnect())
      .catch((error: unknown) => {
        logger.debug({ error, part: name }, 'a Kafka client did not end in order');
      })
      .finally(() => {
        sockets.end();
        this.leaving.delete(left);
      });
    this.leaving.add(left);
  }
}
