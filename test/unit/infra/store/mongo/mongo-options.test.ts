/** What the driver is told, and which URLs and names are taken. */
import { describe, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { clientOptions, databaseName } from '../../../../../infra/store/mongo/mongo-options.js';
import * as limits from '../../../../../infra/store/mongo/mongo-limits.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const common = { logger: new QuietLogger(), clock: new FakeClock() };

describe('databaseName', () => {
  test('is the option, else what the URL names, else marid', () => {
    expect(databaseName({ url: 'mongodb://u:p@a:1,b:2/from-url?replicaSet=x', database: 'given' })).toBe('given');
    expect(databaseName({ url: 'mongodb://u:p@a:1,b:2/from-url?replicaSet=x' })).toBe('from-url');
    expect(databaseName({ url: 'mongodb+srv://host/?tls=true' })).toBe('marid');
    expect(databaseName({ url: 'mongodb://host' })).toBe('marid');
  });

  test('refuses what MongoDB would refuse or split', () => {
    for (const database of ['', 'a.b', 'a b', '$x', 'a/b', 'x'.repeat(64)]) {
      expect(() => databaseName({ url: 'mongodb://h', database })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });
});

describe('clientOptions', () => {
  test('the URL cannot weaken what the stores rest on', () => {
    const url =
      'mongodb://h/?w=1&wtimeoutMS=1&readPreference=secondary&readConcernLevel=local&retryWrites=true&socketTimeoutMS=0&serverSelectionTimeoutMS=99999';
    const { options } = new MongoClient(url, clientOptions({ url, ...common }));
    expect(options.writeConcern).toMatchObject({ w: 'majority', wtimeoutMS: limits.MAJORITY_MS });
    expect(options.readConcern).toMatchObject({ level: 'majority' });
    expect(options.readPreference.mode).toBe('primary');
    expect(options.retryWrites).toBe(false);
    expect(options.socketTimeoutMS).toBe(limits.SOCKET_MS);
    expect(options.serverSelectionTimeoutMS).toBe(limits.SELECT_MS);
    expect(options.appName).toBe('marid');
  });

  test('TLS files turn TLS on', () => {
    const url = 'mongodb://h/';
    const tls = { caFile: '/a.pem', certificateKeyFile: '/b.pem', certificateKeyFilePassword: 'p' };
    const { options } = new MongoClient(url, clientOptions({ url, tls, ...common }));
    expect(options).toMatchObject({ tls: true, tlsCAFile: '/a.pem', tlsCertificateKeyFile: '/b.pem' });
    expect(new MongoClient(url, clientOptions({ url, ...common })).options.tls).not.toBe(true);
  });
});

test('the parts of the limit of a call fit together', () => {
  expect(limits.SOCKET_MS).toBeGreaterThan(limits.OPERATION_MS + limits.MAJORITY_MS);
  expect(limits.CALL_MS).toBeGreaterThan(limits.SOCKET_MS);
  expect(limits.CALL_MS).toBeLessThanOrEqual(10_000);
  expect(limits.HEARTBEAT_MS + limits.CONNECT_MS).toBeLessThan(limits.SOCKET_MS);
});
