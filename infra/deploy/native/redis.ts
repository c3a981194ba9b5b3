/** Three Redis servers that know nothing of each other, as Redlock wants them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineStart, NativeEngine } from './engine.js';
import { freePort } from './ports.js';
import { prepareRedis } from './prepare.js';
import { ServerProcess } from './server-process.js';

const SERVERS = 3;

/** Starts three; each keeps its keys over a restart (append-only file). */
export async function startRedis(start: EngineStart): Promise<NativeEngine> {
  const program = await prepareRedis(start.context);
  const servers: ServerProcess[] = [];
  for (let number = 1; number <= SERVERS; number += 1) servers.push(await makeServer(start, program, number));
  servers.forEach(start.own);
  await Promise.all(servers.map((server) => server.start()));
  const product = `${program.endsWith('valkey-server') ? 'Valkey' : 'Redis'} (three servers)`;
  return { name: 'redis', product, standIn: false, urls: servers.map((server) => server.url), servers };
}

async function makeServer({ context, random, folder }: EngineStart, program: string, number: number) {
  const name = `redis-${String(number)}`;
  const own = join(folder, name);
  mkdirSync(own);
  const port = await freePort(random);
  const settings = { port: String(port), bind: '127.0.0.1', dir: own, save: '', appendonly: 'yes' };
  return new ServerProcess(context, {
    name,
    url: `redis://127.0.0.1:${String(port)}`,
    command: [program, ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])],
    logFile: join(own, 'server.log'),
    probe: () => probe(port),
  });
}

async function probe(port: number): Promise<void> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(port, '127.0.0.1', {
    ...{ lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null },
    ...{ connectTimeout: 1000, commandTimeout: 1000 },
  });
  redis.on('error', () => undefined); // the calls below reject with it
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
