/** The worker of `marid dev`, in a thread of its own: its event loop and the control plane's do not wait for each other. */
import { Worker, type MessagePort } from 'node:worker_threads';
import { MaridError, type ErrorCode } from '../../core/errors/marid-error.js';
import { errorText } from '../../core/errors/system-error.js';
import { onAbort } from '../../infra/rpc/until-aborted.js';
import type { Configuration } from './configuration.js';

/** What the thread is given. `port` leads to the control plane. */
export interface ThreadData {
  readonly sections: Pick<Configuration['sections'], 'worker' | 'log'>;
  readonly port: MessagePort;
}

/** What it is told: `stop` drains the worker, `haste` lets it wait for its jobs no longer. */
export type ThreadOrder = 'stop' | 'haste';

/** What it tells: `ready` once, `failed` when it cannot start or go on, `stopped` at last. */
export type ThreadNews =
  | { readonly kind: 'ready'; readonly id: string }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'stopped' };

/** A worker that runs in a thread. */
export interface WorkerThread {
  readonly id: string;
  /** Resolves when it cannot go on, with the reason. */
  readonly failed: Promise<MaridError>;
  /** Drains and ends it, without waiting for its jobs when `haste` aborts; resolves when the thread is gone. */
  stop(haste: AbortSignal): Promise<void>;
}

/** Starts a worker in a thread, which takes the port. Rejects as `startWorker` does. */
export async function startWorkerThread(data: ThreadData): Promise<WorkerThread> {
  const thread = new Worker(new URL('./worker-thread-main.js', import.meta.url), {
    workerData: data,
    transferList: [data.port],
    name: 'worker',
  });
  const { ready, failed, ended } = newsOf(thread);
  const started = await Promise.race([ready, failed]);
  if (started instanceof Error) {
    await thread.terminate();
    throw started;
  }
  const order = (text: ThreadOrder): void => thread.postMessage(text);
  const stop = async (haste: AbortSignal): Promise<void> => {
    order('stop');
    onAbort(haste, () => order('haste'));
    await ended;
    await thread.terminate();
  };
  return { id: started, failed, stop };
}

/** What the thread tells, each when it does. */
function newsOf(thread: Worker) {
  const told = <K extends ThreadNews['kind']>(kind: K): Promise<Extract<ThreadNews, { readonly kind: K }>> =>
    new Promise((resolve) => {
      thread.on('message', (news: ThreadNews) => {
        if (news.kind === kind) resolve(news as Extract<ThreadNews, { readonly kind: K }>);
      });
    });
  const broken = new Promise<MaridError>((resolve) => {
    thread.once('error', (cause) => {
      resolve(new MaridError('INTERNAL', `The worker ended unexpectedly: ${errorText(cause)}`, { cause }));
    });
  });
  const gone = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  const failed = told('failed').then(({ code, message }) => new MaridError(code, message));
  return {
    ready: told('ready').then(({ id }) => id),
    failed: Promise.race([failed, broken]),
    ended: Promise.race([told('stopped'), gone]),
  };
}
