/** BullMQ's `addBulk`: each line is a number of jobs, whose data is BENCH_DATA, and comes out again once all are added. No worker runs. */
import { createInterface } from 'node:readline';
import { load, url } from './node-peer.mjs';

/** Jobs of one `addBulk`: more at once made it slower. */
const BULK = 500;

const { Queue } = load('bullmq');
const { hostname: host, port } = new URL(url);
const queue = new Queue('jobs', { connection: { host, port: Number(port), maxRetriesPerRequest: null } });
const data = JSON.parse(process.env.BENCH_DATA);
await queue.waitUntilReady();
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  for (let left = Number(line); left > 0; left -= BULK) {
    await queue.addBulk(Array.from({ length: Math.min(BULK, left) }, () => ({ name: 'job', data })));
  }
  process.stdout.write(`${line}\n`);
}
process.exit(0);
