/**
 * The TLS and log-in options of `mongoUrl`. The servers that tests have speak neither, so a proxy ends TLS before one: this shows that the options reach the driver and
 * what is said when they are wrong, and nothing of how MongoDB itself treats them.
 */
import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { MongoDatabase } from '../../infra/store/mongo/mongo-database.js';
import { MongoFleetStore } from '../../infra/store/mongo/mongo-fleet-store.js';
import { checkEngine } from '../support/config-check.js';
import { describeEngine } from '../support/engines.js';
import { uniqueName } from '../support/job-fixtures.js';
import { dropDatabase } from '../support/mongo-database.js';
import { QuietLogger } from '../support/quiet-logger.js';
import { makeTestAuthority } from '../support/test-authority.js';
import { TlsProxy } from '../support/tls-proxy.js';

const PASSWORD = 'right-passw0rd';

const authority = await makeTestAuthority();
const onTls = authority === null ? test.skip : test;
const { ca = '', otherCa = '', certificate = '', key = '', keystore = '' } = authority ?? {};

await describeEngine('mongo', (url) => {
  const database = uniqueName('secured');
  const proxies: TlsProxy[] = [];
  let logger: QuietLogger;

  beforeEach(() => {
    logger = new QuietLogger();
  });
  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((each) => each.close()));
  });
  afterAll(async () => {
    await dropDatabase(url, database);
    authority?.remove();
  });

  /** A URL that leads through a new proxy. `requestCert`: whether it asks clients for a certificate of the authority. */
  const through = async (
    options: Readonly<Record<string, string>>,
    requestCert = false,
    user = '',
  ): Promise<string> => {
    const [host = ''] = url.split(/[/?]+/).slice(1);
    const server = { cert: await readFile(certificate), key: await readFile(key), ca: await readFile(ca) };
    const proxy = await TlsProxy.open(host.replace(/,.*/, ''), { ...server, requestCert });
    proxies.push(proxy);
    const led = new URL(url.replace(host, user + proxy.address));
    led.searchParams.delete('replicaSet');
    for (const [name, value] of Object.entries({ directConnection: 'true', ...options })) {
      led.searchParams.set(name, value);
    }
    return led.href;
  };
  const connect = (to: string): Promise<MongoDatabase> =>
    MongoDatabase.connect({ url: to, database, logger, clock: new SystemClock() });

  onTls('tls and tlsCAFile: the store works over an encrypted connection', async () => {
    const db = await connect(await through({ tls: 'true', tlsCAFile: ca }));
    expect(await new MongoFleetStore(db).nextTerm({ name: 'first' })).toBe(1);
    await db.close();
    expect(proxies[0]?.secured).toBeGreaterThan(0);
    expect(proxies[0]?.received.includes('findAndModify')).toBe(true);
  });

  onTls('tlsCertificateKeyFile: the client shows its own certificate', async () => {
    const db = await connect(await through({ tls: 'true', tlsCAFile: ca, tlsCertificateKeyFile: keystore }, true));
    expect(await new MongoFleetStore(db).nextTerm({ name: 'second' })).toBe(1);
    await db.close();
  });

  onTls('user, password and authSource: the log-in is asked of that database, without the password', async () => {
    const to = await through({ tls: 'true', tlsCAFile: ca, authSource: 'people' }, false, `ada:${PASSWORD}@`);
    const error: unknown = await connect(to).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'MaridError' }); // the stand-in knows no log-in
    const said = String(proxies[0]?.received);
    expect(said).toMatch(/saslStart[^]*people/);
    expect(inspect([said, error, logger.lines], { depth: 9 })).not.toContain(PASSWORD);
  });

  onTls('wrong options are told in seconds, with the reason', async () => {
    const right = { tls: 'true', tlsCAFile: ca };
    const cases: readonly (readonly [Promise<string>, RegExp])[] = [
      [through({ ...right, tlsCAFile: otherCa }), /TLS and user are right \(.*certificate/],
      [through({ tls: 'true' }), /TLS and user are right \(.*certificate/],
      [through(right, true), /TLS and user are right \(/],
      [through({ tls: 'false' }), /TLS and user are right \(/],
    ];
    const began = performance.now();
    const errors = await Promise.all(cases.map(async ([to]) => connect(await to).catch((caught: unknown) => caught)));
    expect(performance.now() - began).toBeLessThan(9000);
    errors.forEach((error, index) => {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(cases[index]?.[1] ?? /^$/) });
    });
  });

  onTls('config check says the same, and prints no password', async () => {
    const keys = { store: 'mongo', mongoDatabase: database };
    const right = await checkEngine({ ...keys, mongoUrl: await through({ tls: 'true', tlsCAFile: ca }) });
    expect(right.stdout).toMatch(/^store: mongo at .*: ok$/m);
    const mongoUrl = await through({ tls: 'true', tlsCAFile: otherCa }, false, `ada:${PASSWORD}@`);
    const { exitCode, stdout } = await checkEngine({ ...keys, mongoUrl });
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/certificate.*\. Check mongoUrl: .*tlsCAFile/);
    expect(stdout).not.toContain(PASSWORD);
  });
});
