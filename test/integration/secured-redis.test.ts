/** The lease on Redis with TLS, a password and a user of few rights: a server of its own, whose certificate is of an authority that only this test knows. */
import { inspect } from 'node:util';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../infra/deploy/native/ports.js';
import { ServerProcess } from '../../infra/deploy/native/server-process.js';
import { openRedis } from '../../infra/engines/open-redis.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { checkEngine } from '../support/config-check.js';
import { QuietLogger } from '../support/quiet-logger.js';
import { findRedisProgram } from '../support/redis-trio.js';
import { makeTemporaryFolder } from '../support/temporary-folder.js';
import { makeTestAuthority } from '../support/test-authority.js';

const PASSWORD = 'right-passw0rd';
const WRONG = 'wrong-passw0rd';
/** What docs/securing.md says that a user needs. */
const RIGHTS = ['~marid:*', '+eval', '+evalsha', '+get', '+set', '+del', '+info'];

const program = await findRedisProgram();
const authority = program === null ? null : await makeTestAuthority();
const { ca = '', otherCa = '', key = '', certificate = '' } = authority ?? {};

(authority === null ? describe.skip : describe)('Redis with TLS and log-in', () => {
  const folder = makeTemporaryFolder();
  let server: ServerProcess;
  let address: string;

  beforeAll(async () => {
    const clock = new SystemClock();
    const port = String(await freePort(new SystemRandom()));
    address = `127.0.0.1:${port}`;
    const context = { environment: process.env, clock, report: () => undefined };
    server = new ServerProcess(context, {
      ...{ name: 'redis', url: address, logFile: join(folder.path, 'log') },
      command: [
        ...[program ?? '', '--bind', '127.0.0.1', '--port', '0', '--tls-port', port, '--tls-auth-clients', 'no'],
        ...['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', ca],
        ...['--requirepass', PASSWORD, '--user', 'marid', 'on', `>${PASSWORD}`, ...RIGHTS],
        ...['--dir', folder.path, '--save', ''],
      ],
      probe: async () => {
        expect(await take(`rediss://:${PASSWORD}@${address}`, ca)).toBe(true);
      },
    });
    await server.start();
  });
  afterAll(async () => {
    await server.kill();
    folder.remove();
    authority?.remove();
  });

  /** Takes a lease and gives it back, by a connection of its own. */
  const take = async (url: string, caFile: string | null, logger = new QuietLogger()): Promise<boolean> => {
    const choice = { redisUrls: [url], redisTlsCaFile: caFile, installation: 'marid' };
    const lease = await openRedis(choice, { prefix: 'lease', clock: new SystemClock(), logger });
    try {
      const taken = await lease.acquire({ name: 'leader', holder: 'a', ttlMs: 60_000 });
      await lease.release({ name: 'leader', holder: 'a' });
      return taken;
    } finally {
      await lease.close();
    }
  };

  test.each([
    ['the password alone', `:${PASSWORD}@`],
    ['a user of few rights', `marid:${PASSWORD}@`],
  ])('the lease is taken with %s', async (_, user) => {
    const logger = new QuietLogger();
    expect(await take(`rediss://${user}${address}`, ca, logger)).toBe(true);
    expect(logger.lines).toEqual([]);
  });

  test.each([
    ['a wrong password', () => `rediss://:${WRONG}@${address}`, () => ca, /WRONGPASS/],
    ['a wrong password of a user', () => `rediss://marid:${WRONG}@${address}`, () => ca, /WRONGPASS/],
    ['no password', () => `rediss://${address}`, () => ca, /NOAUTH/],
    ['another authority', () => `rediss://:${PASSWORD}@${address}`, () => otherCa, /certificate/],
    ["only Node's authorities", () => `rediss://:${PASSWORD}@${address}`, () => null, /certificate/],
    ['no TLS', () => `redis://:${PASSWORD}@${address}`, () => null, /1 of 1 Redis servers gave no answer/],
  ])('%s is told in bounded time, without the password', async (_, url, caFile, message) => {
    const logger = new QuietLogger();
    const began = performance.now();
    const error: unknown = await take(url(), caFile(), logger).catch((caught: unknown) => caught);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(message) });
    expect(inspect([error, logger.lines], { depth: 9 })).not.toMatch(/passw0rd/);
  });

  test('a file without a certificate is refused', async () => {
    await expect(take(`rediss://${address}`, key)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^redisTlsCaFile: .* holds no certificate/),
    });
  });

  test('config check says the same, and prints no password', async () => {
    const keys = { lease: 'redis', redisUrls: `rediss://marid:${PASSWORD}@${address}`, redisTlsCaFile: ca };
    expect((await checkEngine(keys)).stdout).toMatch(/^lease: redis at rediss:\/\/marid:\*\*\*@[\d.:]+: ok$/m);
    const { exitCode, stdout } = await checkEngine({ ...keys, redisUrls: keys.redisUrls.replace(PASSWORD, WRONG) });
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/WRONGPASS .*Check redisUrls/);
    expect(stdout).not.toMatch(/passw0rd/);
  });
});
