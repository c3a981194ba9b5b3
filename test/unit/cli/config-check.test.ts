import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TestCli } from '../../support/test-cli.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marid-check-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function check(...lines: readonly string[]) {
  const file = join(folder, 'marid.yaml');
  await writeFile(file, ['controlPlane:', ...lines.map((line) => `  ${line}`)].join('\n'));
  return new TestCli().run('config', 'check', '--config', file);
}

describe('config check', () => {
  test('finds the embedded engines usable where their folder can be made, and makes nothing', async () => {
    const result = await check(`dataFolder: ${join(folder, 'a', 'b')}`);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toContain('Exactly one control plane can run over these engines');
    expect(result.stdout.match(/: ok$/gm)).toHaveLength(4);
    expect((await check(`dataFolder: ${join(folder, 'marid.yaml', 'x')}`)).exitCode).toBe(2);
  });

  test('says of each server that does not answer what to do, prints no password, and ends with 2', async () => {
    const { exitCode, stdout } = await check(
      ...['store: mongo', 'mongoUrl: "mongodb://marid:mongo-secret@127.0.0.1:1/?serverSelectionTimeoutMS=200"'],
      ...['log: kafka', 'kafkaBrokers: "127.0.0.1:1"', 'kafkaSaslMechanism: plain', 'kafkaSaslUsername: marid'],
      ...['kafkaSaslPassword: kafka-secret', 'lease: redis', 'redisUrls: "redis://:redis-secret@127.0.0.1:1"'],
      ...['blobs: s3', 's3Bucket: b', 's3Endpoint: "http://127.0.0.1:1"', 's3Region: us-east-1'],
    );
    expect(exitCode).toBe(2);
    for (const part of ['store: mongo', 'log: kafka', 'lease: redis', 'blobs: s3']) {
      expect(stdout).toMatch(new RegExp(`^${part} .*\\. Check `, 'm'));
    }
    expect(stdout).not.toMatch(/-secret/);
  });
});
