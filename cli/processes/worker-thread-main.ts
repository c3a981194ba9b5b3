/** The thread in which `marid dev` runs its worker. */
import { parentPort, workerData } from 'node:worker_threads';
import { isMaridError } from '../../core/errors/marid-error.js';
import { PortChannel } from '../../infra/rpc/index.js';
import { startWorker, type RunningWorker } from '../../workers/gateway/main.js';
import { systemRuntime } from './configuration.js';
import type { ThreadData, ThreadNews, ThreadOrder } from './worker-thread.js';

if (parentPort === null) throw new Error('this file is the main module of a thread');
const port = parentPort;
const data = workerData as ThreadData;
const channel = new PortChannel(data.port);

function tell(news: ThreadNews): void {
  port.postMessage(news);
}

function tellFailure(error: unknown): void {
  if (!isMaridError(error)) throw error;
  tell({ kind: 'failed', code: error.code, message: error.message });
}

function obey(worker: RunningWorker): void {
  const haste = new AbortController();
  port.on('message', (order: ThreadOrder) => {
    if (order === 'haste') haste.abort();
    else void worker.stop(haste.signal).then(() => tell({ kind: 'stopped' }));
  });
  void worker.superseded.then(tellFailure);
}

try {
  const worker = await startWorker({ config: data.sections.worker, runtime: systemRuntime(data), channel });
  obey(worker);
  tell({ kind: 'ready', id: worker.id });
} catch (error) {
  tellFailure(error);
}
