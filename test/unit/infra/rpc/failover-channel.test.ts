import { afterEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../core/errors/marid-error.js';
import { bindService, connectServers, RpcServer, type ServiceChannel } from '../../../../infra/rpc/index.js';
import { SystemClock } from '../../../../infra/runtime/system-clock.js';
import { FleetService } from '../../../../proto/gen/marid/v1/fleet_service_pb.js';
import { eventually } from '../../../support/eventually.js';
import { QuietLogger } from '../../../support/quiet-logger.js';

/** The order of the addresses is kept. */
const random = { next: () => 0, id: () => '' };
const open: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop();
});

interface TestServer {
  readonly address: string;
  /** Calls by method. */
  readonly calls: string[];
  /** What calls fail with. */
  failure: MaridError | null;
  stop(): Promise<void>;
}

/** A server whose name is what it calls itself. */
async function serve(name: string, listen = '127.0.0.1:0'): Promise<TestServer> {
  const calls: string[] = [];
  const note = (method: string): void => {
    calls.push(method);
    if (server.failure !== null) throw server.failure;
  };
  const running = await RpcServer.start({
    ...{ listen, logger: new QuietLogger(), clock: new SystemClock() },
    services: [
      bindService(FleetService, {
        listWorkers: async () => {
          note('listWorkers');
          return {};
        },
        drainWorker: async () => {
          note('drainWorker');
          return {};
        },
        releaseWorkers: async () => ({}),
        listLeaderTasks: async () => ({}),
        runLeaderTask: async () => ({}),
        pauseLeaderTask: async () => ({}),
        getUsage: async () => ({}),
        getServerInfo: async () => {
          note('getServerInfo');
          return { instanceId: name };
        },
      }),
    ],
  });
  const server: TestServer = {
    address: running.address,
    calls,
    failure: null,
    stop: () => running.stop({ graceMs: 0 }),
  };
  open.push(server);
  return server;
}

function connect(...servers: readonly { readonly address: string }[]): ServiceChannel {
  const channel = connectServers({ address: servers.map(({ address }) => address).join(', '), random });
  open.push({ stop: () => channel.close() });
  return channel;
}

const whoOf = async (channel: ServiceChannel): Promise<string> =>
  (await channel.client(FleetService).getServerInfo({})).instanceId;

describe('connectServers', () => {
  test('stays with the first server that it reaches, and goes on when that one ends', async () => {
    const [a, b] = [await serve('a'), await serve('b')];
    const channel = connect(a, b);
    expect([await whoOf(channel), await whoOf(channel)]).toEqual(['a', 'a']);
    await a.stop();
    expect([await whoOf(channel), await whoOf(channel)]).toEqual(['b', 'b']);
  });

  test('passes over a server that nobody runs', async () => {
    const gone = await serve('gone');
    await gone.stop();
    expect(await whoOf(connect(gone, await serve('b')))).toBe('b');
  });

  test('asks the next server what only reads, and repeats nothing else', async () => {
    const [a, b] = [await serve('a'), await serve('b')];
    a.failure = new MaridError('UNAVAILABLE', 'the store is away');
    const channel = connect(a, b);
    const fleet = channel.client(FleetService);
    await expect(fleet.drainWorker({ workerId: 'w' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect([a.calls, b.calls]).toEqual([['drainWorker'], []]);
    b.failure = a.failure;
    a.failure = null;
    expect(await whoOf(channel)).toBe('a');
    expect(b.calls).toEqual(['getServerInfo']);
  });

  test('leaves errors that are answers alone', async () => {
    const [a, b] = [await serve('a'), await serve('b')];
    a.failure = new MaridError('NOT_FOUND', 'no such worker');
    const channel = connect(a, b);
    await expect(channel.client(FleetService).listWorkers({})).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(b.calls).toEqual([]);
  });

  test('names all servers when none can be reached, and comes back with one of them', async () => {
    const [a, b] = [await serve('a'), await serve('b')];
    await a.stop();
    await b.stop();
    const channel = connect(a, b);
    await expect(whoOf(channel)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(b.address),
    });
    await serve('b again', b.address);
    await eventually('the server that came back', async () => (await whoOf(channel).catch(() => '')) === 'b again');
  });

  test('refuses a list with something that is no address', () => {
    expect(() => connectServers({ address: '127.0.0.1:1,nowhere', random })).toThrow('"nowhere" is not an address');
  });
});
