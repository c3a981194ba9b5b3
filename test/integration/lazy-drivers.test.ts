/** Drivers are loaded only by what needs them. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridBench, runMarid } from '../support/marid-process.js';

const DRIVERS = ['kafkajs', 'mongodb', 'ioredis', '@aws-sdk/client-s3', 'libsql'] as const;

/** Writes down at its end which modules a process has loaded. */
const PRELOAD = `
  const { writeFileSync } = require('node:fs');
  const modules = require('node:module');
  process.on('exit', () => {
    if (process.env.LOADED_MODULES) writeFileSync(process.env.LOADED_MODULES, Object.keys(modules._cache).join('\\n'));
  });
`;

let bench: MaridBench;

beforeEach(async () => {
  bench = await MaridBench.open();
  await writeFile(bench.path('preload.cjs'), PRELOAD);
});

afterEach(async () => {
  await bench.close();
});

/** What makes a process write its modules down. */
const watched = () => ({
  NODE_OPTIONS: `--require=${bench.path('preload.cjs')}`,
  LOADED_MODULES: bench.path('loaded'),
});

/** The drivers that a process loads until it is told to end. */
async function driversOf(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const running = await bench.start(args, { ...environment, ...watched() });
  await running.end('SIGTERM');
  return driversLoaded();
}

async function driversLoaded(): Promise<readonly string[]> {
  const modules = (await readFile(bench.path('loaded'), 'utf8')).split('\n');
  return DRIVERS.filter((driver) => modules.some((path) => path.includes(`/node_modules/${driver}/`)));
}

describe('drivers', () => {
  test('of the distributed engines are not loaded by marid dev', async () => {
    const args = ['dev', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data'), '--memory', '320m'];
    expect(await driversOf(args)).toEqual(['libsql']);
  });

  test('of the lease alone are loaded where only the lease is distributed', async () => {
    const args = ['control-plane', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')];
    const redis = { MARID_CONTROL_PLANE_LEASE: 'redis', MARID_CONTROL_PLANE_REDIS_URLS: 'redis://127.0.0.1:1' };
    expect(await driversOf(args, redis)).toEqual(['ioredis', 'libsql']);
  });

  test('are all seen by this test when they are loaded', async () => {
    const away = '127.0.0.1:1';
    const config = [
      ...['controlPlane:', '  store: mongo', `  mongoUrl: "mongodb://${away}/"`, '  log: kafka'],
      ...[`  kafkaBrokers: "${away}"`, '  lease: redis', `  redisUrls: "redis://${away}"`],
      ...['  blobs: s3', '  s3Bucket: b', `  s3Endpoint: "http://${away}"`, '  s3Region: r'],
    ];
    await writeFile(bench.path('marid.yaml'), config.join('\n'));
    const checked = await runMarid(['config', 'check', '--config', bench.path('marid.yaml')], '', watched());
    expect(checked.code).toBe(2);
    expect(await driversLoaded()).toEqual(DRIVERS.filter((driver) => driver !== 'libsql'));
  });

  test('are not loaded by a worker that reads the log of its control plane', async () => {
    const plane = await bench.start(['control-plane', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')]);
    const args = ['worker', '--control-plane', plane.address, '--state-folder', bench.path('w'), '--memory', '320m'];
    expect(await driversOf(args)).toEqual([]);
  });
});
