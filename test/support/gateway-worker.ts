/** A whole worker beside a control plane in the same process; only its processes are pretended. */
import { openFetchers } from '../../infra/fetch/open-fetchers.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import type { TopicLog } from '../../core/ports/topic-log.js';
import { LauncherLink } from '../../workers/gateway/attempts/launcher-link.js';
import { cacheFolderOf } from '../../workers/gateway/cache/cache-folder.js';
import { openCaches } from '../../workers/gateway/cache/open-caches.js';
import { workerConfigSchema } from '../../workers/gateway/config.js';
import { Gateway } from '../../workers/gateway/gateway.js';
import type { TestControlPlane } from './control-plane.js';
import { MemoryLauncher } from './memory-launcher.js';
import { QuietLogger } from './quiet-logger.js';
import { makeTemporaryFolder } from './temporary-folder.js';
import { folderPreparation } from '../../workers/gateway/staging/stages.js';
import { noBlobs } from './no-blobs.js';

/** Options of `startGatewayWorker`. */
export interface GatewayWorkerOptions {
  readonly id: string;
  /** MiB. */
  readonly memoryMb: number;
  /** How long a job runs, by its id. */
  readonly runTimeMs: (jobId: string) => number;
  /** Default: `default`. */
  readonly pool?: string;
  /** Default: the control plane's. */
  readonly log?: TopicLog;
}

/** Starts one; `stop` hands nothing over. */
export async function startGatewayWorker(
  plane: TestControlPlane,
  options: GatewayWorkerOptions,
): Promise<{ readonly launcher: MemoryLauncher; stop(): Promise<void> }> {
  const folder = makeTemporaryFolder();
  const runtime = { clock: new SystemClock(), random: new SystemRandom(), logger: new QuietLogger() };
  const launcher = new MemoryLauncher(options.runTimeMs);
  const config = workerConfigSchema.parse({
    ...{ stateFolder: folder.path, memoryMb: options.memoryMb, pool: options.pool ?? 'default', drainTimeoutMs: 0 },
  });
  const fetchers = openFetchers(config, { ...runtime, blobs: noBlobs });
  const caches = await openCaches({
    ...{ folder: cacheFolderOf(folder.path), fetchers, settings: config, ...runtime },
  });
  const preparation = folderPreparation(caches, { timeoutMs: config.stagingTimeoutMs, clock: runtime.clock }, config);
  const gateway = new Gateway({
    preparation,
    ...{ config, ...runtime, log: options.log ?? plane.log, client: plane.workers },
    identity: { workerId: options.id, session: `${options.id}-1` },
    launcher: await LauncherLink.connect({ ...runtime, connect: async () => launcher }),
  });
  await gateway.start('127.0.0.1:1');
  const stop = async (): Promise<void> => {
    await gateway.stop();
    await launcher.close();
    await fetchers.close();
    folder.remove();
  };
  return { launcher, stop };
}
