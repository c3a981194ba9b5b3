/** What `marid worker` does. */
import { startWorker } from '../../workers/gateway/main.js';
import type { WorkerOptions } from '../commands/worker.js';
import type { CliContext } from '../context.js';
import { loadConfiguration, systemRuntime } from './configuration.js';
import { runProcess } from './run-process.js';

/** Runs a worker until it is told to end. */
export async function runWorker(context: CliContext, options: WorkerOptions): Promise<void> {
  const configuration = await loadConfiguration(context, options.config, {
    'worker.controlPlane': options.controlPlane,
    'worker.listen': options.listen,
    'worker.stateFolder': options.stateFolder,
    'worker.pool': options.pool,
    'worker.memoryMb': options.memory,
  });
  const running = await startWorker({ config: configuration.sections.worker, runtime: systemRuntime(configuration) });
  await runProcess(context, options.output, {
    facts: { address: running.address, worker: running.id },
    failed: running.superseded,
    stop: (haste) => running.stop(haste),
  });
}
