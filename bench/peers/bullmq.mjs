/** BullMQ: the queue and its worker in two processes, as a service and its worker are. `bullmq.mjs worker` is the second. The id `kill-worker` kills it, and starts the next. */
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
  const startWorker = async () => {
    const worker = fork(fileURLToPath(import.meta.url), ['worker'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    worker.once('exit', (_code, signal) => signal !== 'SIGKILL' && process.exit(1));
    await new Promise((resolve) => worker.once('message', resolve));
    return worker;
  };
  let worker = await startWorker();
  const killWorker = async () => {
    worker.kill('SIGKILL');
    worker = await startWorker();
  };
  const queue = new Queue('jobs', { connection });
  await queue.waitUntilReady();
  serve((id) => (id === 'kill-worker' ? killWorker() : queue.add('job', { id })));
}
