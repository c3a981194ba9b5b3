import { describe, expect, test } from '@jest/globals';
import { allowsSeveral, controlPlaneConfigSchema } from '../../../../services/control-plane/config.js';
import { workerConfigSchema } from '../../../../workers/gateway/config.js';

const DISTRIBUTED = {
  ...{ store: 'mongo', mongoUrl: 'mongodb://m/', log: 'kafka', kafkaBrokers: 'a:9092, b:9092' },
  ...{ lease: 'redis', redisUrls: ['redis://r1', 'redis://r2', 'redis://r3'], blobs: 's3', s3Bucket: 'marid' },
};

function problemsOf(given: unknown) {
  const { error } = controlPlaneConfigSchema.safeParse(given);
  return Object.fromEntries((error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]));
}

describe('engines of a control plane', () => {
  test('are embedded by default, and allow one control plane', () => {
    const config = controlPlaneConfigSchema.parse({});
    expect(config).toMatchObject({ store: 'sqlite', log: 'embedded', lease: 'embedded', blobs: 'filesystem' });
    expect(allowsSeveral(config)).toBe(false);
  });

  test('allow several when nothing is embedded', () => {
    const config = controlPlaneConfigSchema.parse(DISTRIBUTED);
    expect(allowsSeveral(config)).toBe(true);
    expect(config).toMatchObject({ kafkaBrokers: ['a:9092', 'b:9092'], mongoDatabase: 'marid' });
    for (const part of [
      { log: 'embedded' },
      { lease: 'embedded' },
      { store: 'sqlite' },
      { blobs: 'filesystem' },
    ] as const) {
      expect(allowsSeveral({ ...config, ...part })).toBe(false);
    }
  });

  test('ask for their keys, all at once and beside problems of single keys', () => {
    const problems = problemsOf({ store: 'mongo', log: 'kafka', lease: 'redis', blobs: 's3', partitions: 0 });
    expect(Object.keys(problems).sort()).toEqual(['kafkaBrokers', 'mongoUrl', 'partitions', 'redisUrls', 's3Bucket']);
    expect(problems['mongoUrl']).toBe('is required, because store is mongo');
  });

  test('refuse keys of an engine that was not chosen', () => {
    const problems = problemsOf({ mongoUrl: 'mongodb://m/', kafkaTls: true, redisUrls: 'redis://r', s3Bucket: 'b' });
    expect(Object.keys(problems).sort()).toEqual(['kafkaTls', 'mongoUrl', 'redisUrls', 's3Bucket']);
    expect(problems['mongoUrl']).toBe('has no effect, because store is sqlite: say store: mongo, or leave it out');
  });

  test.each([
    [{ redisUrls: 'redis://a,redis://b' }, ['redisUrls']],
    [{ redisUrls: 'http://a' }, ['redisUrls.0']],
    [{ redisTlsCaFile: '/ca.pem' }, ['redisTlsCaFile']],
    [{ mongoUrl: 'postgres://m' }, ['mongoUrl']],
    [{ kafkaBrokers: ['nowhere'] }, ['kafkaBrokers.0']],
    [{ kafkaSaslMechanism: 'plain' }, ['kafkaSaslPassword', 'kafkaSaslUsername']],
    [{ kafkaSaslUsername: 'u' }, ['kafkaSaslUsername']],
    [{ kafkaTlsCaFile: '/ca.pem' }, ['kafkaTlsCaFile']],
  ])('refuse %j at %j', (given, keys) => {
    expect(Object.keys(problemsOf({ ...DISTRIBUTED, ...given })).sort()).toEqual(keys);
  });
});

describe('log of a worker', () => {
  const problems = (given: unknown) =>
    (workerConfigSchema.safeParse(given).error?.issues ?? []).map(({ path }) => path.join('.')).sort();

  test('needs brokers when it is Kafka, and refuses them when it is not', () => {
    expect(problems({ log: 'kafka' })).toEqual(['kafkaBrokers']);
    expect(problems({ kafkaBrokers: ['a:1'], kafkaSaslPassword: 'x' })).toEqual(['kafkaBrokers', 'kafkaSaslPassword']);
    expect(problems({ log: 'kafka', kafkaBrokers: 'a:1,b:2' })).toEqual([]);
  });
});
