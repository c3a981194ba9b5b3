/** Temporal: a workflow of one activity for each job; the client and the worker in two processes. `temporal.mjs worker` is the second. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { concurrency, load, runJob, serve, url } from './node-peer.mjs';

const address = new URL(url).host;
const taskQueue = 'jobs';

if (process.argv[2] === 'worker') {
  const { NativeConnection, Runtime, DefaultLogger, Worker } = load('@temporalio/worker');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const modules = [`${process.env.BENCH_MODULES}/node_modules`];
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./temporal-workflow.mjs', import.meta.url)),
    bundlerOptions: {
      webpackConfigHook: (config) => ({ ...config, resolve: { ...config.resolve, modules } }),
    },
    activities: { runJob },
    maxConcurrentActivityTaskExecutions: concurrency,
  });
  process.once('disconnect', () => process.exit(0));
  const running = worker.run();
  process.send('ready');
  await running;
} else {
  const { Client, Connection } = load('@temporalio/client');
  const worker = fork(fileURLToPath(import.meta.url), ['worker'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  worker.once('exit', () => process.exit(1));
  await new Promise((resolve) => worker.once('message', resolve));
  const client = new Client({ connection: await Connection.connect({ address }) });
  serve((id) => client.workflow.start('job', { taskQueue, workflowId: `job-${id}`, args: [id] }));
}
