/** Clients of a gRPC server. */
import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import {
  Client,
  connectivityState,
  credentials,
  Metadata,
  type CallOptions as GrpcCallOptions,
  type ChannelOptions,
  type ClientReadableStream,
  type ClientWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import type { MaridError } from '../../core/errors/marid-error.js';
import type { Logger } from '../../core/ports/logger.js';
import type { CallOptions, ServiceClient } from '../../proto/rpc/service.js';
import { SystemClock } from '../runtime/system-clock.js';
import { parseAddress } from './address.js';
import { pathOf } from './bind-service.js';
import { cancelled, channelClosed, decodeResponse, encodeRequest } from './client-messages.js';
import { ClientStream } from './client-stream.js';
import { sendAll } from './client-upload.js';
import { errorOf } from './error-status.js';
import { DEFAULT_UNARY_TIMEOUT_MS, KEEPALIVE_TIME_MS, KEEPALIVE_TIMEOUT_MS, MAX_MESSAGE_BYTES } from './limits.js';
import { clientOf, type ClientTransport } from './service-client.js';
import { onAbort } from './until-aborted.js';

const INITIAL_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2_000;
/** How long a connection may take, in milliseconds, where another server could be asked instead. */
const REACH_MS = 3_000;

/** Options of `connectRpc`. */
export interface ConnectOptions {
  /** Who to call, `host:port`. */
  readonly address: string;
  /** Gets the failures of calls at level debug. Default: none. */
  readonly logger?: Logger;
}

/**
 * A channel to a server, without TLS. Connects with the first call and again when the connection breaks; calls fail at once with
 * `UNAVAILABLE` while the server cannot be reached. Throws `INVALID_ARGUMENT` when the address is none.
 */
export function connectRpc(options: ConnectOptions): RpcChannel {
  parseAddress(options.address);
  return new RpcChannel(options);
}

/** A call that is under way, as `close` sees it. */
interface OpenCall {
  cancel(): void;
}

/** A channel to one server. States: *open*, then *closed* by `close`: calls under way end, later ones fail with `UNAVAILABLE`. */
export class RpcChannel implements ClientTransport {
  private readonly grpc: Client;
  private readonly clock = new SystemClock();
  private readonly open = new Set<OpenCall>();
  private closed = false;

  constructor(private readonly options: ConnectOptions) {
    this.grpc = new Client(`dns:${options.address}`, credentials.createInsecure(), channelOptions());
  }

  /** Who is called. */
  get address(): string {
    return this.options.address;
  }

  /** A client of a service. Any number of them share the connection. */
  client<S extends DescService>(service: S): ServiceClient<S> {
    return clientOf(service, this);
  }

  /** Ends all calls and the connection; idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    for (const call of this.open) call.cancel();
    this.grpc.close();
  }

  /** Whether the server can be reached: connected now, or within 3 s. True as well when the channel is closed: a call tells. False when `signal` aborts. */
  async canReach(signal?: AbortSignal): Promise<boolean> {
    const channel = this.grpc.getChannel();
    const deadline = this.clock.now() + REACH_MS;
    while (!this.closed && signal?.aborted !== true && this.clock.now() < deadline) {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY || state === connectivityState.SHUTDOWN) return true;
      if (state === connectivityState.TRANSIENT_FAILURE) return false;
      await new Promise<void>((resolve) => {
        const unlisten = onAbort(signal, resolve);
        channel.watchConnectivityState(state, deadline, () => {
          unlisten();
          resolve();
        });
      });
    }
    return this.closed;
  }

  /** Implements `ClientTransport`. */
  unary(method: DescMethod, request: Message, options: CallOptions): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.refuseIfOver(options.signal);
      const call: OpenCall = this.grpc.makeUnaryRequest(
        pathOf(method),
        asBuffer,
        asBuffer,
        asBuffer(encodeRequest(method, request)),
        new Metadata(),
        { deadline: this.clock.now() + (options.timeoutMs ?? DEFAULT_UNARY_TIMEOUT_MS) },
        (error, bytes) => {
          forget();
          if (error !== null) reject(this.errorFor(error, method, options.signal));
          else resolve(decodeResponse(method, bytes));
        },
      );
      const forget = this.track(call, options.signal);
    });
  }

  /** Implements `ClientTransport`. */
  stream(method: DescMethod, request: Message, options: CallOptions): AsyncIterator<Message> {
    return this.answers(method, options, () =>
      this.grpc.makeServerStreamRequest(
        pathOf(method),
        asBuffer,
        asBuffer,
        asBuffer(encodeRequest(method, request)),
        this.deadlineOf(options),
      ),
    );
  }

  /** Implements `ClientTransport`. */
  duplex(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): AsyncIterator<Message> {
    return this.answers(method, options, () => {
      const call = this.grpc.makeBidiStreamRequest(pathOf(method), asBuffer, asBuffer, this.deadlineOf(options));
      sendRequests(call, method, requests);
      return call;
    });
  }

  private answers(
    method: DescMethod,
    options: CallOptions,
    begin: () => ClientReadableStream<Buffer>,
  ): AsyncIterator<Message> {
    return new ClientStream({
      open: () => {
        this.refuseIfOver(options.signal);
        const call = begin();
        return { call, forget: this.track(call, options.signal) };
      },
      decode: (bytes) => decodeResponse(method, bytes),
      errorFor: (error) => this.errorFor(error, method, options.signal),
    });
  }

  /** Implements `ClientTransport`. */
  upload(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.refuseIfOver(options.signal);
      const call = this.grpc.makeClientStreamRequest(
        pathOf(method),
        asBuffer,
        asBuffer,
        this.deadlineOf(options),
        (error, bytes) => {
          forget();
          if (error !== null) reject(this.errorFor(error, method, options.signal));
          else resolve(decodeResponse(method, bytes));
        },
      );
      const forget = this.track(call, options.signal);
      sendRequests(call, method, requests);
    });
  }

  /** When a call with a time limit of its own ends; others have none. */
  private deadlineOf({ timeoutMs }: CallOptions): GrpcCallOptions {
    return timeoutMs === undefined ? {} : { deadline: this.clock.now() + timeoutMs };
  }

  private track(call: OpenCall, signal: AbortSignal | undefined): () => void {
    this.open.add(call);
    const unlisten = onAbort(signal, () => {
      call.cancel();
    });
    return () => {
      unlisten();
      this.open.delete(call);
    };
  }

  private refuseIfOver(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) throw cancelled();
    if (this.closed) throw channelClosed(this.address);
  }

  private errorFor(error: ServiceError, method: DescMethod, signal: AbortSignal | undefined): MaridError {
    if (signal?.aborted === true) return cancelled();
    if (this.closed) return channelClosed(this.address);
    this.options.logger?.debug({ error, method: pathOf(method), address: this.address }, 'call failed');
    return errorOf(error, this.address);
  }
}

function channelOptions(): ChannelOptions {
  return {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.initial_reconnect_backoff_ms': INITIAL_BACKOFF_MS,
    'grpc.max_reconnect_backoff_ms': MAX_BACKOFF_MS,
    // No look-ups of service configuration in DNS, no proxy of the environment between Marid's parts, no connections shared unseen.
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  };
}

/** Requests that cannot be read or sent end the call. */
function sendRequests(call: ClientWritableStream<Buffer>, method: DescMethod, requests: AsyncIterable<Message>): void {
  sendAll(call, requests, (request) => asBuffer(encodeRequest(method, request))).catch(() => {
    call.cancel();
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
