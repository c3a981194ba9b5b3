/** The peers: job queues as people use them for programs, each with a job function that starts a process. */
import type { Contender, Round } from '../harness/contender.js';
import { LinePeer } from '../harness/line-peer.js';
import { benchFile, npmFolder, pythonFolder, toolContext } from '../harness/tools.js';
import { startPostgres } from './postgres.js';
import { startRedis } from './redis.js';

const BULLMQ = '6.7.0';
const IOREDIS = '5.8.2';
const GRAPHILE_WORKER = '0.16.6';
const CELERY = '5.7.0';

/** A server that a peer keeps its jobs in. */
export interface PeerServer {
  readonly url: string;
  /** Removes everything in it. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

interface Peer {
  readonly version: string;
  readonly durability: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly server: PeerServer;
}

/** Starts the process of a peer for a round. */
export function startPeer(
  {
    command,
    environment,
    server,
  }: Pick<Peer, 'command' | 'environment'> & { readonly server: { readonly url: string } },
  stamp: string,
  { folder, ledger, concurrency }: Round,
): Promise<LinePeer> {
  const settings = {
    BENCH_FOLDER: folder,
    BENCH_STAMP: stamp,
    BENCH_LEDGER: ledger,
    BENCH_URL: server.url,
    BENCH_CONCURRENCY: String(concurrency),
  };
  return LinePeer.start({ command, environment: { ...environment, ...settings }, greets: true });
}

function prepared(peer: Peer, stamp: string) {
  const { server, version, durability } = peer;
  const start = async (round: Round): Promise<LinePeer> => {
    await server.clear();
    return startPeer(peer, stamp, round);
  };
  return { version, durability, start, stop: () => server.stop() };
}

/** The folder with BullMQ. */
export function bullMqFolder(report: (line: string) => void): Promise<string> {
  return npmFolder(toolContext(report), [`bullmq@${BULLMQ}`, `ioredis@${IOREDIS}`]);
}

/** BullMQ, whose worker starts a process in its job function. */
export const BULL_MQ: Contender = {
  name: 'BullMQ',
  prepare: async ({ stamp, report, folder }) => {
    const modules = await bullMqFolder(report);
    return prepared(
      {
        version: BULLMQ,
        durability: 'Redis with an append-only file (written before the answer, fsync each second)',
        command: [process.execPath, benchFile('peers', 'bullmq.mjs')],
        environment: { BENCH_MODULES: modules },
        server: await startRedis(folder, report),
      },
      stamp,
    );
  },
};

/** graphile-worker, the same on PostgreSQL. */
export const GRAPHILE: Contender = {
  name: 'graphile-worker',
  prepare: async ({ stamp, report, folder }) => {
    const modules = await npmFolder(toolContext(report), [`graphile-worker@${GRAPHILE_WORKER}`]);
    return prepared(
      {
        version: GRAPHILE_WORKER,
        durability: 'PostgreSQL with synchronous_commit on',
        command: [process.execPath, benchFile('peers', 'graphile-worker.mjs')],
        environment: { BENCH_MODULES: modules },
        server: await startPostgres(folder, report),
      },
      stamp,
    );
  },
};

/** Celery on Redis, whose prefork workers start a process in their task. */
export const CELERY_REDIS: Contender = {
  name: 'Celery',
  prepare: async ({ stamp, report, folder }) => {
    const modules = await pythonFolder(toolContext(report), [`celery[redis]==${CELERY}`]);
    return prepared(
      {
        version: CELERY,
        durability: 'Redis with an append-only file (written before the answer, fsync each second)',
        command: ['python3', benchFile('peers', 'celery_peer.py')],
        environment: { PYTHONPATH: modules },
        server: await startRedis(folder, report),
      },
      stamp,
    );
  },
};
