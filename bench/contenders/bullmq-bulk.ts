/** BullMQ's `addBulk`, without a worker: what the fastest of the peers takes when it is given many jobs at once. */
import { LinePeer } from '../harness/line-peer.js';
import { benchFile } from '../harness/tools.js';
import { bullMqFolder } from './peers.js';
import { startRedis } from './redis.js';

/** A running one. */
export interface BulkPeer {
  /** Adds so many jobs; resolves when Redis has answered for all. */
  add(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it with an empty Redis; `data` goes with each job. */
export async function startBullMqBulk(folder: string, data: object): Promise<BulkPeer> {
  const modules = await bullMqFolder(console.error);
  const server = await startRedis(folder, console.error);
  const environment = { BENCH_MODULES: modules, BENCH_URL: server.url, BENCH_DATA: JSON.stringify(data) };
  const command = [process.execPath, benchFile('peers', 'bullmq-bulk.mjs')];
  const peer = await LinePeer.start({ command, environment, greets: true });
  return {
    add: (count) => peer.submit(String(count)),
    stop: async () => {
      await peer.stop();
      await server.stop();
    },
  };
}
