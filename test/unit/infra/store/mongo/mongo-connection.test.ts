/** A driver that ceases to look at a server, which it does by never ending a look. */
import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { MongoConnection } from '../../../../../infra/store/mongo/mongo-connection.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const LOOK = { connectionId: 'server:27017' };

class Client extends EventEmitter {
  closed = false;

  async close(): Promise<void> {
    this.closed = true;
  }
}

async function open() {
  const clock = new FakeClock();
  const clients: Client[] = [];
  let reachable = true;
  const connection = await MongoConnection.open<Client>({
    ...{ clock, logger: new QuietLogger() },
    open: async (watch) => {
      if (!reachable) throw new MaridError('UNAVAILABLE', 'no server');
      const client = new Client();
      watch(client);
      clients.push(client);
      return client;
    },
  });
  return { connection, clock, clients, reach: (can: boolean) => void (reachable = can) };
}

test('a client whose look at a server never ends is replaced, as soon as another can connect', async () => {
  const { connection, clock, clients, reach } = await open();
  const [first] = clients;
  first?.emit('serverHeartbeatStarted', LOOK);
  reach(false);
  await clock.advance(60_000);
  expect(connection.client).toBe(first);
  reach(true);
  await clock.advance(2000);
  expect(connection.client).toBe(clients[1]);
  expect(clients.map(({ closed }) => closed)).toEqual([true, false]);
  expect(clients.map((client) => connection.isCurrent(client))).toEqual([false, true]);
  await connection.close();
  expect(clients.map((client) => connection.isCurrent(client))).toEqual([false, false]);
  expect(clients[1]?.closed).toBe(true);
  expect(clock.pending).toBe(0);
});

test('looks that end, well or not, and servers that are no longer looked at, are no reason', async () => {
  const { connection, clock, clients } = await open();
  const [client] = clients;
  for (const end of ['serverHeartbeatSucceeded', 'serverHeartbeatFailed'] as const) {
    for (let seconds = 0; seconds < 60; seconds += 6) {
      client?.emit('serverHeartbeatStarted', LOOK);
      await clock.advance(6000);
      client?.emit(end, LOOK);
    }
  }
  client?.emit('serverHeartbeatStarted', LOOK);
  client?.emit('serverClosed', { address: LOOK.connectionId });
  await clock.advance(60_000);
  expect(clients).toHaveLength(1);
  await connection.close();
});
