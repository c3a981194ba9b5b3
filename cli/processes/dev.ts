/** What `marid dev` does: a control plane and a worker in one process, on one folder. */
import { join } from 'node:path';
import { startControlPlane } from '../../services/control-plane/main.js';
import { startWorker } from '../../workers/gateway/main.js';
import type { DevOptions } from '../commands/dev.js';
import type { CliContext } from '../context.js';
import { loadConfiguration, systemRuntime } from './configuration.js';
import { runProcess } from './run-process.js';

/** How long Ctrl-C waits for jobs: a person waits with it. Milliseconds. */
const DRAIN_TIMEOUT_MS = 3000;

/** Runs both until they are told to end. */
export async function runDev(context: CliContext, options: DevOptions): Promise<void> {
  const configuration = await loadConfiguration(context, options.config, {
    'controlPlane.listen': options.listen,
    'controlPlane.dataFolder': options.dataFolder,
    'worker.memoryMb': options.memory,
    'worker.drainTimeoutMs': DRAIN_TIMEOUT_MS,
  });
  const runtime = systemRuntime(configuration);
  const { controlPlane: config, worker } = configuration.sections;
  const controlPlane = await startControlPlane({ config, runtime });
  const stateFolder = join(config.dataFolder, 'worker');
  const gateway = await startWorker({
    config: { ...worker, stateFolder, controlPlane: controlPlane.address },
    runtime,
    local: controlPlane.local,
  }).catch(async (error: unknown) => {
    await controlPlane.stop();
    throw error;
  });
  await runProcess(context, options.output, {
    failed: gateway.superseded,
    facts: { address: controlPlane.address, worker: gateway.id, folder: config.dataFolder },
    stop: async (haste) => {
      await gateway.stop(haste);
      await controlPlane.stop();
    },
  });
}
