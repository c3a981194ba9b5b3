/** The servers that tests share, and the native stack itself: real requests through the real drivers, and no process left. */
import { spawn } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { MongoClient } from 'mongodb';
import { NativeStack, type NativeEngine } from '../../infra/deploy/native/native-stack.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { decodeS3Url, describeEngine, findEngine } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { makeTemporaryFolder } from '../support/temporary-folder.js';

const random = new SystemRandom();

await describeEngine('kafka', (url) => {
  test('keeps a record and gives it back', async () => {
    const kafka = new kafkajs.Kafka({ brokers: url.split(','), logLevel: kafkajs.logLevel.NOTHING });
    const topic = `native-${random.id()}`;
    const [admin, producer, consumer] = [kafka.admin(), kafka.producer(), kafka.consumer({ groupId: topic })];
    await Promise.all([admin.connect(), producer.connect(), consumer.connect()]);
    try {
      await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: false });
      await eventually('leaders', () => admin.fetchTopicMetadata({ topics: [topic] }).catch(() => null));
      await producer.send({ topic, acks: -1, messages: [{ value: 'kept', partition: 1 }] });
      await consumer.subscribe({ topic, fromBeginning: true });
      const read = await new Promise((resolve) => {
        void consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) });
      });
      expect(read).toBe('kept');
    } finally {
      await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()]);
    }
  });
});

await describeEngine('mongo', (url) => {
  test('lets one of two compare-and-sets win', async () => {
    const client = new MongoClient(url);
    const database = client.db(`native-${random.id()}`);
    try {
      const jobs = database.collection<{ _id: string; revision: number }>('jobs');
      await jobs.insertOne({ _id: 'a', revision: 1 });
      const set = () => jobs.updateOne({ _id: 'a', revision: 1 }, { $set: { revision: 2 } });
      const results = await Promise.all([set(), set()]);
      expect(results.map((result) => result.modifiedCount).sort()).toEqual([0, 1]);
      await expect(jobs.insertOne({ _id: 'a', revision: 1 })).rejects.toMatchObject({ code: 11000 });
    } finally {
      await database.dropDatabase();
      await client.close();
    }
  });
});

await describeEngine('redis', (urls) => {
  test('gives three servers that know nothing of each other', async () => {
    const key = random.id();
    const servers = urls.map((url) => new Redis(url));
    try {
      expect(await servers[0]?.set(key, 'mine', 'PX', 10_000, 'NX')).toBe('OK');
      expect(await servers[0]?.set(key, 'yours', 'PX', 10_000, 'NX')).toBeNull();
      expect(await Promise.all(servers.map((server) => server.get(key)))).toEqual(['mine', null, null]);
    } finally {
      await Promise.all(servers.map((server) => server.quit()));
    }
  });
});

await describeEngine('s3', (url) => {
  test('keeps an object and refuses to create it twice', async () => {
    const { bucket: Bucket, endpoint, region, ...credentials } = decodeS3Url(url);
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const Key = `native/${random.id()}`;
    const create = () => client.send(new PutObjectCommand({ Bucket, Key, Body: 'kept', IfNoneMatch: '*' }));
    try {
      await create();
      await expect(create()).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(await Body?.transformToString()).toBe('kept');
      await client.send(new CreateBucketCommand({ Bucket: `own-${random.id()}` }));
    } finally {
      client.destroy();
    }
  });
});

const native = await findEngine('redis');
const onNativeStack = native?.source === 'native stack' ? describe : describe.skip;

onNativeStack('a native stack', () => {
  const stack = new NativeStack({ environment: process.env, clock: new SystemClock(), random });
  const engines: NativeEngine[] = [];

  beforeAll(async () => {
    engines.push(await stack.start('redis'), await stack.start('mongo'));
  });
  afterAll(() => stack.stop());

  test('brings a killed server back on its port with its data', async () => {
    const [server] = engines.find(({ name }) => name === 'mongo')?.servers ?? [];
    if (server === undefined) throw new Error('no server');
    const client = new MongoClient(server.url, { serverSelectionTimeoutMS: 2000 });
    const jobs = client.db('native').collection<{ _id: string }>('jobs');
    try {
      await jobs.insertOne({ _id: 'kept' });
      const pid = server.pid ?? 0;
      await server.kill();
      expect([server.pid, isAlive(pid)]).toEqual([null, false]);
      await server.start();
      expect(await jobs.findOne({ _id: 'kept' })).toEqual({ _id: 'kept' });
    } finally {
      await client.close();
    }
  });

  test('freezes a server and lets it go on', async () => {
    const [server] = engines.find(({ name }) => name === 'redis')?.servers ?? [];
    if (server === undefined) throw new Error('no server');
    const redis = new Redis(server.url, { commandTimeout: 200 });
    try {
      await redis.ping();
      server.freeze();
      await expect(redis.ping()).rejects.toThrow('timed out');
      server.thaw();
      await eventually('an answer', () => redis.ping().catch(() => null));
    } finally {
      redis.disconnect();
    }
  });

  test('leaves no process and no folder after its stop', async () => {
    const pids = engines.flatMap(({ servers }) => servers.map((server) => server.pid ?? 0));
    const folder = dirname(dirname(readlinkSync(`/proc/${String(pids[0])}/fd/1`)));
    expect(pids.map(isAlive)).toEqual([true, true, true, true]);
    expect(existsSync(folder)).toBe(true);
    await stack.stop();
    await stack.stop();
    expect(pids.map(isAlive)).toEqual([false, false, false, false]);
    expect(existsSync(folder)).toBe(false);
    await expect(stack.start('s3')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

onNativeStack('the command of the native stack', () => {
  const temporary = makeTemporaryFolder();
  afterAll(() => temporary.remove());

  test.each(['SIGTERM', 'SIGKILL'] as const)('leaves no server behind when it gets %s', async (signal) => {
    const child = spawn(process.execPath, ['dist/infra/deploy/native/main.js', '--only', 'redis', '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TMPDIR: temporary.path },
    });
    const line = await firstLine(child.stdout);
    const { redis } = JSON.parse(line) as { redis: { pids: number[] } };
    expect(redis.pids.map(isAlive)).toEqual([true, true, true]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
    await eventually('the end of all servers', () => !redis.pids.some(isAlive));
  });
});

function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: stream })
      .once('line', resolve)
      .once('close', () => reject(new Error('no line')));
  });
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${String(pid)}`);
}
