/** A server of LogService whose handlers a test chooses, and a channel to it. */
import { MaridError } from '../../../../core/errors/marid-error.js';
import type { Clock } from '../../../../core/ports/clock.js';
import { bindService, connectRpc, RpcServer, type RpcChannel } from '../../../../infra/rpc/index.js';
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

/** A running server with a client. */
export interface Harness {
  readonly server: RpcServer;
  readonly channel: RpcChannel;
  readonly client: ServiceClient<typeof LogService>;
  readonly logger: QuietLogger;
}

const open: Harness[] = [];

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
  const harness = { server, channel, client: channel.client(LogService), logger };
  open.push(harness);
  return harness;
}

/** Ends every server that a test started. */
export async function stopHarnesses(): Promise<void> {
  for (const { channel, server } of open.splice(0)) {
    await channel.close();
    await server.stop();
  }
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
