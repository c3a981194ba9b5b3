/** Clients of a service that several servers offer alike. */
import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import { isMaridError, MaridError } from '../../core/errors/marid-error.js';
import type { Random } from '../../core/ports/random.js';
import type { CallOptions, ServiceClient } from '../../proto/rpc/service.js';
import { connectRpc, type ConnectOptions, type RpcChannel } from './rpc-channel.js';
import { clientOf, type ClientTransport } from './service-client.js';

/** Methods that change nothing, by their names: they may be asked of the next server when one fails in the middle. */
const READING = /^(get|list|explain|resolve|describe)/;

/** A channel to one server or to one of several. */
export interface ServiceChannel {
  /** Who is called, as it was given. */
  readonly address: string;
  /** A client of a service. */
  client<S extends DescService>(service: S): ServiceClient<S>;
  /** Ends all calls and connections; idempotent. */
  close(): Promise<void>;
}

/**
 * A channel to servers that all offer the same: `host:port`, or several with commas between them. It begins with any of them, so that clients spread. Throws
 * `INVALID_ARGUMENT` when an address is none.
 */
export function connectServers(options: ConnectOptions & { readonly random: Random }): ServiceChannel {
  const { address, random, ...rest } = options;
  const addresses = address.split(',').map((each) => each.trim());
  if (addresses.length === 1) return connectRpc({ ...rest, address });
  const first = Math.floor(random.next() * addresses.length);
  const channels = [...addresses.slice(first), ...addresses.slice(0, first)];
  return new FailoverChannel(channels.map((each) => connectRpc({ ...rest, address: each })));
}

/**
 * A channel to the first of several servers that can be reached. It stays there until a call fails with `UNAVAILABLE` or has no answer in time, then goes to the next. A call that has not left
 * this process, and one that only reads, is tried at each server before it fails; any other is not repeated here, because the first server may have carried it out.
 *
 * States: open, at one of the servers; closed (`close`).
 */
export class FailoverChannel implements ClientTransport, ServiceChannel {
  private current = 0;

  /** `channels`: at least one; they become this channel's. */
  constructor(private readonly channels: readonly RpcChannel[]) {}

  /** Who is called: all of them. */
  get address(): string {
    return this.channels.map(({ address }) => address).join(',');
  }

  /** A client of a service. */
  client<S extends DescService>(service: S): ServiceClient<S> {
    return clientOf(service, this);
  }

  /** Ends all calls and connections; idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.channels.map((channel) => channel.close()));
  }

  /** Implements `ClientTransport`. */
  async unary(method: DescMethod, request: Message, options: CallOptions): Promise<Message> {
    const tries = READING.test(method.localName) ? this.channels.length : 1;
    for (let tried = 1; ; tried += 1) {
      const channel = await this.reachable(options.signal);
      try {
        return await channel.unary(method, request, options);
      } catch (error) {
        this.leave(channel, error);
        if (tried >= tries || !isUnavailable(error)) throw error;
      }
    }
  }

  /** Implements `ClientTransport`. A stream that breaks is opened anew by its reader, who knows where it was. */
  stream(method: DescMethod, request: Message, options: CallOptions): AsyncIterator<Message> {
    return this.answers(options, (channel) => channel.stream(method, request, options));
  }

  /** Implements `ClientTransport`. As `stream`: who asks knows what has no answer yet. */
  duplex(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): AsyncIterator<Message> {
    return this.answers(options, (channel) => channel.duplex(method, requests, options));
  }

  private answers(options: CallOptions, ask: (channel: RpcChannel) => AsyncIterator<Message>): AsyncIterator<Message> {
    let open: { readonly channel: RpcChannel; readonly stream: AsyncIterator<Message> } | null = null;
    let returned = false;
    return {
      next: async () => {
        if (open === null) {
          const channel = await this.reachable(options.signal);
          if (returned) return { done: true, value: undefined };
          open = { channel, stream: ask(channel) };
        }
        try {
          return await open.stream.next();
        } catch (error) {
          this.leave(open.channel, error);
          throw error;
        }
      },
      return: async () => {
        returned = true;
        await open?.stream.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  /** Implements `ClientTransport`. What was read of the requests cannot be read again, so it is tried once. */
  async upload(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): Promise<Message> {
    const channel = await this.reachable(options.signal);
    try {
      return await channel.upload(method, requests, options);
    } catch (error) {
      this.leave(channel, error);
      throw error;
    }
  }

  /** The current server's channel, or that of the next which can be reached. With none, `UNAVAILABLE` names them all. */
  private async reachable(signal: AbortSignal | undefined): Promise<RpcChannel> {
    for (let tried = 0; tried < this.channels.length; tried += 1) {
      const channel = this.channels[this.current % this.channels.length];
      if (channel !== undefined && (await channel.canReach(signal))) return channel;
      if (signal?.aborted === true) throw new MaridError('CANCELLED', 'The call was cancelled.');
      if (channel !== undefined) this.next(channel);
    }
    throw new MaridError('UNAVAILABLE', `None of the servers ${this.address} can be reached.`);
  }

  private leave(channel: RpcChannel, error: unknown): void {
    if (isUnavailable(error) || (isMaridError(error) && error.code === 'DEADLINE_EXCEEDED')) this.next(channel);
  }

  /** Goes on to the next server, unless another call has gone already. */
  private next(from: RpcChannel): void {
    const index = this.channels.indexOf(from);
    if (this.current % this.channels.length === index) this.current = index + 1;
  }
}

function isUnavailable(error: unknown): boolean {
  return isMaridError(error) && error.code === 'UNAVAILABLE';
}
