/** A Redis for the peers that keep their jobs in one. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../infra/deploy/native/ports.js';
import { prepareRedis } from '../../infra/deploy/native/prepare.js';
import { ServerProcess } from '../../infra/deploy/native/server-process.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { toolContext } from '../harness/tools.js';
import type { PeerServer } from './peers.js';

/** Starts one with an append-only file: what it has answered survives SIGKILL. */
export async function startRedis(folder: string, report: (line: string) => void): Promise<PeerServer> {
  const context = toolContext(report);
  const program = await prepareRedis(context);
  const port = await freePort(new SystemRandom());
  const own = await mkdtemp(join(folder, 'redis-'));
  const settings = { port: String(port), bind: '127.0.0.1', dir: own, save: '', appendonly: 'yes' };
  const server = new ServerProcess(context, {
    name: 'redis',
    url: `redis://127.0.0.1:${String(port)}`,
    command: [program, ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])],
    logFile: join(own, 'server.log'),
    probe: () => once(port, (redis) => redis.ping()),
  });
  await server.start();
  return { url: server.url, clear: () => once(port, (redis) => redis.flushall()), stop: () => server.kill() };
}

async function once(port: number, work: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => undefined); // the call below rejects with it
  try {
    await redis.connect();
    await work(redis);
  } finally {
    redis.disconnect();
  }
}
