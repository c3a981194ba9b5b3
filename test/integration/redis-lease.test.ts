/** The lease on Redis servers that are killed, frozen and emptied. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LeasePort } from '../../core/ports/lease-port.js';
import { RedisLease } from '../../infra/lease/redis/redis-lease.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { eventually } from '../support/eventually.js';
import { QuietLogger } from '../support/quiet-logger.js';
import { findRedisProgram, TestRedis } from '../support/redis-trio.js';

const NAME = 'leader';
const TTL_MS = 60_000;
const UNAVAILABLE = { name: 'MaridError', code: 'UNAVAILABLE', retryable: true };

const program = await findRedisProgram();

(program === null ? describe.skip : describe)('RedisLease on three servers', () => {
  let servers: readonly TestRedis[];
  let lease: RedisLease;
  let logger: QuietLogger;
  const opened: RedisLease[] = [];

  const connect = async (some: readonly TestRedis[] = servers): Promise<RedisLease> => {
    const urls = some.map((server) => server.url);
    const connected = await RedisLease.connect({ urls, clock: new SystemClock(), logger });
    opened.push(connected);
    return connected;
  };
  const take = (holder: string, by: LeasePort = lease): Promise<boolean> =>
    by.acquire({ name: NAME, holder, ttlMs: TTL_MS });
  const server = (index: number): TestRedis => servers[index] ?? fail();

  beforeEach(async () => {
    logger = new QuietLogger();
    servers = await Promise.all([0, 1, 2].map(() => TestRedis.start(program ?? fail())));
    lease = await connect();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await Promise.all(servers.map((each) => each.end()));
  });

  test('with one of three down everything goes on', async () => {
    expect(await take('a')).toBe(true);
    await server(1).kill();
    expect(await take('a')).toBe(true);
    expect(await take('b')).toBe(false);
    await lease.release({ name: NAME, holder: 'a' });
    expect(await take('b')).toBe(true);
    expect(await take('a')).toBe(false);
  });

  test('with two of three down the answer is UNAVAILABLE, at once, and no key is left behind', async () => {
    await server(0).kill();
    await server(1).kill();
    await eventually('both are noticed', () => {
      return lease.state().filter(({ problem }) => problem?.includes('ECONNREFUSED')).length === 2;
    });
    const began = performance.now();
    await expect(take('a')).rejects.toMatchObject(UNAVAILABLE);
    expect(performance.now() - began).toBeLessThan(400);
    expect(await server(2).keys()).toEqual([]);
    await expect(take('a')).rejects.toThrow(
      /2 of 3 Redis servers gave no answer \(127\.0\.0\.1:\d+: connect ECONNREFUSED/,
    );
  });

  test('a holder that cannot renew keeps what it has', async () => {
    await take('a');
    await server(0).kill();
    await server(1).kill();
    await expect(take('a')).rejects.toMatchObject(UNAVAILABLE);
    expect(await server(2).keys()).toEqual(['marid:lease:leader']);
  });

  test('frozen servers hold nobody up for long, and nothing needs a restart afterwards', async () => {
    servers.forEach((each) => each.freeze());
    const began = performance.now();
    await expect(take('a')).rejects.toMatchObject(UNAVAILABLE);
    await expect(lease.release({ name: NAME, holder: 'a' })).rejects.toMatchObject(UNAVAILABLE);
    expect(performance.now() - began).toBeLessThan(2500);
    servers.forEach((each) => each.thaw());
    await eventually('the lease is taken again', () => take('b').catch(() => false), 20_000);
  });

  test('a server that stays silent gets a new connection, while the others carry the lease', async () => {
    server(0).freeze();
    await eventually('it is noticed', async () => {
      expect(await take('a')).toBe(true);
      return lease.state().some(({ problem }) => problem !== null);
    });
    server(0).thaw();
    await eventually('it is back', () => lease.state().every(({ problem }) => problem === null));
  });

  test('it finds its way back by itself, and says each change once', async () => {
    await server(0).kill();
    await server(1).kill();
    await eventually('it is down', () =>
      take('a')
        .catch(() => 'down')
        .then((result) => result === 'down'),
    );
    await Promise.all([server(0).start(), server(1).start()]);
    await eventually('the lease is taken', () => take('a').catch(() => false));
    await eventually('all are back', () => lease.state().every(({ problem }) => problem === null));
    expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
    expect(logger.lines.filter(({ level }) => level === 'info')).toHaveLength(2);
  });

  test('a connection that opens while all servers are down works once they are there', async () => {
    await Promise.all(servers.map((each) => each.kill()));
    const early = await connect();
    await expect(take('a', early)).rejects.toMatchObject(UNAVAILABLE);
    await Promise.all(servers.map((each) => each.start()));
    await eventually('the lease is taken', () => take('a', early).catch(() => false));
  });

  test('servers that lose their data let another in, and the first holder is told', async () => {
    expect(await take('a')).toBe(true);
    await Promise.all(servers.map((each) => each.wipe()));
    expect(await take('b')).toBe(true);
    expect(await take('a')).toBe(false);
    await Promise.all(servers.map((each) => each.wipe()));
    expect(await take('b')).toBe(true); // its own renewal puts it back
  });

  test('a holder is known again by another connection', async () => {
    expect(await take('a')).toBe(true);
    const other = await connect();
    expect(await take('a', other)).toBe(true);
    expect(await take('b', other)).toBe(false);
  });

  test('of 200 contenders on ten connections never more than one wins, and one does', async () => {
    const connections = await Promise.all(Array.from({ length: 10 }, () => connect()));
    const contenders = Array.from({ length: 200 }, (_, index) => ({
      holder: `holder-${String(index)}`,
      by: connections[index % connections.length] ?? lease,
    }));
    const winners = new Set<string>();
    await eventually('somebody wins', async () => {
      const won = await Promise.all(contenders.map(({ holder, by }) => take(holder, by)));
      contenders.forEach(({ holder }, index) => won[index] === true && winners.add(holder));
      return winners.size > 0;
    });
    const again = await Promise.all(contenders.map(({ holder, by }) => take(holder, by)));
    contenders.forEach(({ holder }, index) => again[index] === true && winners.add(holder));
    expect(winners.size).toBe(1);
  });

  test('a password is used and never told', async () => {
    const locked = await TestRedis.start(program ?? fail(), 'open-sesame');
    try {
      const wrong = locked.url.replace('open-sesame', 'wrong-secret');
      expect(await take('a', await connect([locked]))).toBe(true);
      const refused = await RedisLease.connect({ urls: [wrong], clock: new SystemClock(), logger });
      opened.push(refused);
      const error: unknown = await take('a', refused).catch((caught: unknown) => caught);
      expect(error).toMatchObject(UNAVAILABLE);
      expect(JSON.stringify([error, String(error), logger.lines, refused.state()])).not.toMatch(/sesame|secret/);
    } finally {
      await locked.end();
    }
  });

  test('closed, it answers nothing; closing twice is fine, also when the servers are frozen', async () => {
    servers.forEach((each) => each.freeze());
    await lease.close();
    await lease.close();
    await expect(take('a')).rejects.toMatchObject(UNAVAILABLE);
  });
});

describe('RedisLease.connect', () => {
  test.each([
    [2, /must be 1, 3 or 5/],
    [4, /must be 1, 3 or 5/],
    [0, /must be 1, 3 or 5/],
  ])('refuses %i servers', async (count, message) => {
    const urls = Array.from({ length: count }, (_, index) => `redis://127.0.0.1:${String(7000 + index)}`);
    const connecting = RedisLease.connect({ urls, clock: new SystemClock(), logger: new QuietLogger() });
    await expect(connecting).rejects.toThrow(message);
  });

  test('refuses what is no Redis URL and the same server twice, without repeating a password', async () => {
    const urls = ['http://user:secret@host', 'redis://:secret@one', 'redis://one:6379'];
    const connecting = RedisLease.connect({ urls, clock: new SystemClock(), logger: new QuietLogger() });
    const error: unknown = await connecting.catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations: [{ field: 'redis_urls[0]' }, { field: 'redis_urls[2]' }],
    });
    expect(String(error)).not.toMatch(/secret/);
  });
});

function fail(): never {
  throw new Error('there is no redis-server');
}
