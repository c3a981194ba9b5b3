/** BullMQ: the queue and its worker in two processes, as a service and its worker are. `bullmq.mjs worker` is the second. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { concurrency, load, runJob, serve, url } from './node-peer.mjs';

const { Queue, Worker } = load('bullmq');
const { hostname: host, port } = new URL(url);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };

if (process.argv[2] === 'worker') {
  const worker = new Worker('jobs', (job) => runJob(job.data.id), {
    connection,
    concurrency,
    removeOnComplete: { count: 1000 },
  });
  await worker.waitUntilReady();
  process.send('ready');
  process.once('disconnect', () => process.exit(0));
} else {
  const worker = fork(fileURLToPath(import.meta.url), ['worker'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  worker.once('exit', () => process.exit(1));
  await new Promise((resolve) => worker.once('message', resolve));
  const queue = new Queue('jobs', { connection });
  await queue.waitUntilReady();
  serve((id) => queue.add('job', { id }));
}
