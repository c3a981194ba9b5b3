import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TestCli } from '../../support/test-cli.js';

const SECRETS = { kafkaSaslPassword: 'kafka-secret', mongo: 'mongo-secret', redis: 'redis-secret' };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marid-config-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function distributed(...more: readonly string[]): Promise<string> {
  return write(
    'marid.yaml',
    [
      'controlPlane:',
      '  store: mongo',
      `  mongoUrl: "mongodb://marid:${SECRETS.mongo}@m1:27017,m2:27017/?replicaSet=rs"`,
      '  log: kafka',
      '  kafkaBrokers: [k:9092]',
      '  kafkaSaslMechanism: plain',
      '  kafkaSaslUsername: marid',
      `  kafkaSaslPasswordFile: ${await write('password', `${SECRETS.kafkaSaslPassword}\n`)}`,
      '  lease: redis',
      '  blobs: s3',
      '  s3Bucket: marid',
      ...more,
    ].join('\n'),
  );
}

describe('config explain', () => {
  test('shows where each value comes from and prints no secret', async () => {
    const file = await distributed();
    const urls = `redis://:${SECRETS.redis}@r1:6379`;
    const env = { MARID_CONTROL_PLANE_REDIS_URLS: urls };
    for (const format of ['table', 'json']) {
      const { exitCode, stdout, stderr } = await new TestCli({ env }).run(
        'config',
        'explain',
        '--config',
        file,
        '-o',
        format,
      );
      expect(exitCode).toBe(0);
      const printed = stdout + stderr;
      for (const secret of Object.values(SECRETS)) expect(printed).not.toContain(secret);
      expect(printed).toContain('mongodb://marid:***@m1:27017,m2:27017/?replicaSet=rs');
      expect(printed).toContain('redis://:***@r1:6379');
      expect(printed).toContain('environment MARID_CONTROL_PLANE_REDIS_URLS');
      expect(printed).toContain(`secret file ${join(folder, 'password')}`);
      expect(stderr).toContain('Any number of control planes');
    }
  });

  test('says that embedded engines mean one control plane', async () => {
    const { exitCode, stderr } = await new TestCli().run('config', 'explain');
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      'Exactly one control plane can run over these engines: store, log, lease, blobs are in ./marid-data',
    );
  });
});

describe('the sections of one file', () => {
  test('are refused when they contradict each other', async () => {
    const file = await write(
      'marid.yaml',
      'controlPlane: {listen: "127.0.0.1:1"}\nworker: {log: kafka, kafkaBrokers: "k:1", controlPlane: "a:1,b:2"}',
    );
    const { exitCode, stderr } = await new TestCli().run('config', 'explain', '--config', file);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('worker.log: is kafka, but controlPlane.log is embedded');
    expect(stderr).toContain('worker.controlPlane: names several control planes, but there can be only one');
  });

  test('leave the file of a worker alone', async () => {
    const file = await write('marid.yaml', 'worker: {log: kafka, kafkaBrokers: "k:1", controlPlane: "a:1,b:2"}');
    expect(await new TestCli().run('config', 'explain', '--config', file)).toMatchObject({ exitCode: 0 });
  });

  test('are refused when a secret is given twice or its file is missing', async () => {
    const file = await distributed(
      '  redisUrls: ["redis://r"]',
      `  mongoUrlFile: ${join(folder, 'absent')}`,
      '  redisUrlsFile: /x',
    );
    const { exitCode, stderr } = await new TestCli().run('config', 'explain', '--config', file);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('controlPlane.mongoUrlFile: is given beside mongoUrl');
    expect(stderr).toContain('controlPlane.redisUrlsFile: is given beside redisUrls');
    expect(stderr).not.toContain(SECRETS.mongo);
  });
});
