/** A Redis for the peers that keep their jobs in one. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareRedis } from '../../infra/deploy/native/prepare.js';
import { redisServer, withRedis } from '../../infra/deploy/native/redis.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { toolContext } from '../harness/tools.js';
import type { PeerServer } from './peers.js';

/** Starts one with an append-only file: what it has answered survives SIGKILL. */
export async function startRedis(folder: string, report: (line: string) => void): Promise<PeerServer> {
  const context = toolContext(report);
  const own = await mkdtemp(join(folder, 'redis-'));
  const place = { context, random: new SystemRandom(), folder: own };
  const server = await redisServer(place, await prepareRedis(context), 'server');
  await server.start();
  const port = Number(new URL(server.url).port);
  return {
    url: server.url,
    clear: () => withRedis(port, (redis) => redis.flushall('ASYNC')),
    stop: () => server.kill(),
  };
}
