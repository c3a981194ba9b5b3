/** A gRPC server. */
import {
  Server,
  ServerCredentials,
  setLogger,
  type ServerOptions,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { MaridError } from '../../core/errors/marid-error.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import { parseAddress } from './address.js';
import { pathOf, type BoundMethod, type BoundService } from './bind-service.js';
import {
  KEEPALIVE_TIME_MS,
  KEEPALIVE_TIMEOUT_MS,
  MAX_CONNECTION_AGE_GRACE_MS,
  MAX_CONNECTION_AGE_MS,
  MAX_MESSAGE_BYTES,
} from './limits.js';
import { safeText } from '../../proto/rpc/safe-text.js';
import { ServerCalls } from './server-calls.js';
import { addReflection, Health, SystemCalls } from './system-services.js';

const DEFAULT_GRACE_MS = 20_000;

/** Options of `RpcServer.start`. */
export interface RpcServerOptions {
  /** Where to listen, `host:port`; port 0 takes a free one. Nothing else is bound. */
  readonly listen: string;
  /** What to serve; health and reflection come by themselves. */
  readonly services: readonly BoundService[];
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Options of `RpcServer.stop`. */
export interface StopOptions {
  /** How long calls may go on, in milliseconds; then they are cut. Default: 20,000. */
  readonly graceMs?: number;
}

/**
 * Serves services over gRPC, without TLS.
 *
 * States: *serving* from `start` on; *stopping* from `stop` on: health says so, streams end with UNAVAILABLE, new connections are refused and
 * unary calls finish; *stopped* when the last connection and the last handler are gone, or the grace is over.
 */
export class RpcServer {
  private stopping: Promise<void> | null = null;

  private constructor(
    /** Where it listens, with the real port. */
    readonly address: string,
    private readonly server: Server,
    private readonly calls: ServerCalls,
    private readonly systemCalls: SystemCalls,
    private readonly health: Health,
    private readonly options: RpcServerOptions,
  ) {}

  /** Starts to serve. Rejects with `UNAVAILABLE` when the address cannot be had, `INVALID_ARGUMENT` when it is none. */
  static async start(options: RpcServerOptions): Promise<RpcServer> {
    const { host } = parseAddress(options.listen);
    redirectLog(options.logger);
    const systemCalls = new SystemCalls();
    const server = new Server({ ...serverOptions(), interceptors: [systemCalls.interceptor] });
    const calls = new ServerCalls(options.clock, options.logger);
    const health = new Health(options.services);
    for (const service of options.services) addService(server, service, calls);
    health.addTo(server);
    addReflection(server, options.services);
    const port = await bind(server, options.listen);
    return new RpcServer(`${host}:${port}`, server, calls, systemCalls, health, options);
  }

  /** Sets what health says; serving at first. */
  setServing(serving: boolean): void {
    if (this.stopping === null) this.health.setServing(serving);
  }

  /** Stops. Resolves when everything is closed; safe to repeat. */
  stop(options: StopOptions = {}): Promise<void> {
    this.stopping ??= this.shutDown(options.graceMs ?? DEFAULT_GRACE_MS);
    return this.stopping;
  }

  private async shutDown(graceMs: number): Promise<void> {
    const reason = new MaridError('UNAVAILABLE', `The server at ${this.address} is stopping; call again.`);
    this.health.setServing(false);
    this.calls.endStreams(reason);
    this.systemCalls.end();
    const closed = new Promise<void>((resolve) => {
      this.server.tryShutdown(() => {
        resolve();
      });
    });
    if (await this.within(graceMs, Promise.all([closed, this.calls.settled()]))) return;
    this.options.logger.warn({ graceMs, handlers: this.calls.running }, 'calls outlived the grace and are cut');
    this.calls.endAll(reason);
    this.server.forceShutdown();
    await closed;
  }

  private async within(ms: number, work: Promise<unknown>): Promise<boolean> {
    const over = new AbortController();
    const inTime = work.then(() => true);
    const late = this.options.clock.sleep(ms, over.signal).then(() => false);
    const result = await Promise.race([inTime, late]);
    over.abort();
    return result;
  }
}

/** grpc-js writes to the console by itself; here everything goes to the process's log. Its errors all reach a caller as well: level debug. */
function redirectLog(logger: Logger): void {
  const write = (...parts: readonly unknown[]): void => {
    logger.debug({ text: parts.map(String).join(' ') }, 'grpc-js');
  };
  setLogger({ error: write, info: write, debug: write });
}

function serverOptions(): ServerOptions {
  return {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_connection_age_ms': MAX_CONNECTION_AGE_MS,
    'grpc.max_connection_age_grace_ms': MAX_CONNECTION_AGE_GRACE_MS,
  };
}

function addService(server: Server, service: BoundService, calls: ServerCalls): void {
  const definition: ServiceDefinition = Object.fromEntries(
    service.methods.map((bound) => [bound.method.localName, methodDefinition(bound)]),
  );
  const implementation: UntypedServiceImplementation = {};
  for (const bound of service.methods) {
    implementation[bound.method.localName] = calls.handlerOf(bound);
  }
  server.addService(definition, implementation);
}

/** Bytes pass through unchanged: `bind-service` reads and writes them, so that bad ones become good errors. */
function methodDefinition(bound: BoundMethod): ServiceDefinition[string] {
  const pass = (bytes: Buffer): Buffer => bytes;
  return {
    path: pathOf(bound.method),
    requestStream: bound.kind === 'upload' || bound.kind === 'duplex',
    responseStream: bound.kind === 'stream' || bound.kind === 'duplex',
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
}

function bind(server: Server, listen: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(bindError(listen, error));
    });
  });
}

function bindError(listen: string, error: Error): MaridError {
  const why = error.message.includes('EADDRINUSE')
    ? 'another process listens there. Stop it, or configure another address (listen)'
    : safeText(error.message, 500);
  return new MaridError('UNAVAILABLE', `Cannot listen on ${listen}: ${why}.`, { cause: error });
}
