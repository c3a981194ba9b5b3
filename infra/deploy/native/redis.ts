/** Three Redis servers that know nothing of each other, as Redlock wants them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { EngineStart, NativeEngine } from './engine.js';
import { freePort } from './ports.js';
import { prepareRedis } from './prepare.js';
import { ServerProcess } from './server-process.js';

const SERVERS = 3;

/** Starts three; each keeps its keys over a restart (append-only file). */
export async function startRedis(start: EngineStart): Promise<NativeEngine> {
  const program = await prepareRedis(start.context);
  const servers: ServerProcess[] = [];
  for (let number = 1; number <= SERVERS; number += 1)
    servers.push(await redisServer(start, program, `redis-${String(number)}`));
  servers.forEach(start.own);
  await Promise.all(servers.map((server) => server.start()));
  const product = `${program.endsWith('valkey-server') ? 'Valkey' : 'Redis'} (three servers)`;
  return { name: 'redis', product, standIn: false, urls: servers.map((server) => server.url), servers };
}

/** A server, not started, that keeps its keys over a restart; its files are in a new folder of its name. */
export async function redisServer(
  { context, random, folder }: Pick<EngineStart, 'context' | 'random' | 'folder'>,
  program: string,
  name: string,
): Promise<ServerProcess> {
  const own = join(folder, name);
  mkdirSync(own);
  const port = await freePort(random);
  const settings = { port: String(port), bind: '127.0.0.1', dir: own, save: '', appendonly: 'yes' };
  return new ServerProcess(context, {
    name,
    url: `redis://127.0.0.1:${String(port)}`,
    command: [program, ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])],
    logFile: join(own, 'server.log'),
    probe: () => withRedis(port, (redis) => redis.ping()),
  });
}

/** Does something with a server of this machine over a connection of its own; rejects at once when there is none. */
export async function withRedis(port: number, work: (redis: Redis) => Promise<unknown>): Promise<void> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(port, '127.0.0.1', {
    ...{ lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null },
    ...{ connectTimeout: 1000, commandTimeout: 1000 },
  });
  redis.on('error', () => undefined); // the calls below reject with it
  try {
    await redis.connect();
    await work(redis);
  } finally {
    redis.disconnect();
  }
}
