/** graphile-worker: a runner and the client that adds jobs, in two processes. `graphile-worker.mjs worker` is the first. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { concurrency, load, runJob, serve, url } from './node-peer.mjs';

const { makeWorkerUtils, run, Logger } = load('graphile-worker');
const logger = new Logger(() => (level, message) => {
  if (level === 'error') process.stderr.write(`${message}\n`);
});

if (process.argv[2] === 'worker') {
  const taskList = { job: ({ id }) => runJob(id) };
  await run({
    connectionString: url,
    concurrency,
    taskList,
    logger,
    noHandleSignals: true,
    maxPoolSize: concurrency + 2,
    pollInterval: 1000,
  });
  process.send('ready');
  process.once('disconnect', () => process.exit(0));
} else {
  const utils = await makeWorkerUtils({ connectionString: url, logger, maxPoolSize: 10 });
  await utils.migrate();
  const worker = fork(fileURLToPath(import.meta.url), ['worker'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  worker.once('exit', () => process.exit(1));
  await new Promise((resolve) => worker.once('message', resolve));
  serve((id) => utils.addJob('job', { id }));
}
