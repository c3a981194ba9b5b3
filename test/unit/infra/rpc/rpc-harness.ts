/** A server of LogService whose handlers a test chooses, and a channel to it. */
import { MessageChannel } from 'node:worker_threads';
import { MaridError } from '../../../../core/errors/marid-error.js';
import type { Clock } from '../../../../core/ports/clock.js';
import {
  bindService,
  connectRpc,
  PortChannel,
  PortServer,
  RpcServer,
  type BoundService,
  type ServiceChannel,
} from '../../../../infra/rpc/index.js';
import { SystemClock } from '../../../../infra/runtime/system-clock.js';
import { LogService } from '../../../../proto/gen/marid/v1/log_service_pb.js';
import type { CallContext, ServiceClient, ServiceHandlers } from '../../../../proto/rpc/service.js';
import { QuietLogger } from '../../../support/quiet-logger.js';

export type LogHandlers = ServiceHandlers<typeof LogService>;

/** Handlers that refuse everything but what is given. */
export function makeHandlers(overrides: Partial<LogHandlers> = {}): LogHandlers {
  const refuse = async (): Promise<never> => {
    throw new MaridError('UNSUPPORTED', 'not part of this test');
  };
  return {
    produce: refuse,
    steer: refuse,
    describeTopic: refuse,
    // eslint-disable-next-line require-yield -- it refuses
    subscribe: async function* () {
      await refuse();
    },
    ...overrides,
  };
}

/** A client, whatever carries its calls. */
export interface Connected {
  readonly channel: ServiceChannel;
  readonly client: ServiceClient<typeof LogService>;
  /** The server's. */
  readonly logger: QuietLogger;
}

/** A running gRPC server with a client. */
export interface Harness extends Connected {
  readonly server: RpcServer;
}

const closers: (() => Promise<void> | void)[] = [];

/** Starts a server on a free port of this machine. */
export async function startHarness(
  overrides: Partial<LogHandlers>,
  options: { readonly clock?: Clock; readonly listen?: string } = {},
): Promise<Harness> {
  const logger = new QuietLogger();
  const server = await RpcServer.start({
    listen: options.listen ?? '127.0.0.1:0',
    services: [bindService(LogService, makeHandlers(overrides))],
    logger,
    clock: options.clock ?? new SystemClock(),
  });
  const channel = connectRpc({ address: server.address });
  closers.push(
    () => channel.close(),
    () => server.stop(),
  );
  return { server, channel, client: channel.client(LogService), logger };
}

/** Serves services at one end of a port; a channel is at the other. */
export function openPort(...services: readonly BoundService[]) {
  const { port1, port2 } = new MessageChannel();
  const logger = new QuietLogger();
  const server = new PortServer({ port: port1, services, logger });
  const channel = new PortChannel(port2);
  closers.push(
    () => channel.close(),
    () => server.close(),
  );
  return { server, channel, logger };
}

/** The same as `startHarness`, over a port. */
export async function startPort(overrides: Partial<LogHandlers>): Promise<Connected & { readonly server: PortServer }> {
  const opened = openPort(bindService(LogService, makeHandlers(overrides)));
  return { ...opened, client: opened.channel.client(LogService) };
}

/** What calls can go over. */
export const TRANSPORTS: readonly (readonly [string, (overrides: Partial<LogHandlers>) => Promise<Connected>])[] = [
  ['over the wire', startHarness],
  ['over a port', startPort],
];

/** Ends every server and channel that a test started. */
export async function stopHarnesses(): Promise<void> {
  for (const close of closers.splice(0)) await close();
}

/** A promise that is settled from outside. */
export function deferred<T = void>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** What a handler does that waits until its call ends. */
export function untilEnded(context: CallContext): Promise<never> {
  return new Promise((_resolve, reject) => {
    context.signal.addEventListener('abort', () => {
      reject(new Error('the call ended'));
    });
  });
}
