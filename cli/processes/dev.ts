/** What `marid dev` does: a control plane and a worker in one process, on one folder. */
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { z } from 'zod';
import { installationName, kafkaKeys } from '../../core/configuration/kafka-keys.js';
import { s3Keys } from '../../core/configuration/s3-keys.js';
import { startControlPlane } from '../../services/control-plane/main.js';
import type { DevOptions } from '../commands/dev.js';
import type { CliContext } from '../context.js';
import { loadConfiguration, systemRuntime, type Configuration } from './configuration.js';
import { runProcess } from './run-process.js';
import { startWorkerThread } from './worker-thread.js';

/** How long Ctrl-C waits for jobs: a person waits with it. Milliseconds. */
const DRAIN_TIMEOUT_MS = 3000;

/** What control plane and worker say of the engines that both reach by themselves. */
const ENGINES = z.object({ installation: installationName, ...kafkaKeys, ...s3Keys });

/** Runs both until they are told to end. */
export async function runDev(context: CliContext, options: DevOptions): Promise<void> {
  const configuration = await loadConfiguration(context, options.config, {
    'controlPlane.listen': options.listen,
    'controlPlane.dataFolder': options.dataFolder,
    'worker.memoryMb': options.memory,
    'worker.drainTimeoutMs': DRAIN_TIMEOUT_MS,
  });
  const { sections } = configuration;
  const runtime = systemRuntime(configuration);
  const controlPlane = await startControlPlane({ config: sections.controlPlane, runtime });
  const worker = workerOf(sections, controlPlane.address);
  const { port1, port2 } = new MessageChannel();
  controlPlane.serve(port1);
  const thread = await startWorkerThread({ sections: { worker, log: sections.log }, port: port2 }).catch(
    async (error: unknown) => {
      await controlPlane.stop();
      throw error;
    },
  );
  void thread.failed.then((error) => runtime.logger.error({ error }, 'the worker cannot go on'));
  await runProcess(context, options.output, {
    failed: thread.failed,
    facts: { address: controlPlane.address, worker: thread.id, folder: sections.controlPlane.dataFolder },
    stop: async (haste) => {
      await thread.stop(haste);
      await controlPlane.stop();
    },
  });
}

/** The worker's configuration: in the control plane's folder, with its engines. */
function workerOf({ controlPlane, worker }: Configuration['sections'], address: string) {
  return {
    ...worker,
    ...ENGINES.parse(controlPlane),
    stateFolder: join(controlPlane.dataFolder, 'worker'),
    controlPlane: address,
    log: controlPlane.log === 'kafka' ? ('kafka' as const) : ('remote' as const),
    blobs: controlPlane.blobs === 's3' ? ('s3' as const) : ('remote' as const),
  };
}
