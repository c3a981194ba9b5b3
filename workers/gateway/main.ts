/** A worker's composition root: identity, launcher, control plane, log, the gateway, its server. */
import { chmod, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { MaridError } from '../../core/errors/marid-error.js';
import type { BlobStore } from '../../core/ports/blob-store.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import type { Random } from '../../core/ports/random.js';
import type { TopicLog } from '../../core/ports/topic-log.js';
import { runsAsOthers } from '../../core/users/run-as.js';
import { checkRunAs } from '../../infra/accounts/check-run-as.js';
import { SystemAccounts } from '../../infra/accounts/system-accounts.js';
import { openKafka } from '../../infra/engines/open-kafka.js';
import { WorkerBlobs } from '../../infra/engines/open-worker-blobs.js';
import { openFetchers } from '../../infra/fetch/open-fetchers.js';
import { connectLauncher } from '../../infra/process/launcher/connect.js';
import { bindService, connectServers, RpcServer, type ServiceChannel } from '../../infra/rpc/index.js';
import { WorkerSecrets } from '../../infra/secrets/worker-secrets.js';
import { BlobService } from '../../proto/gen/marid/v1/blob_service_pb.js';
import { LogService } from '../../proto/gen/marid/v1/log_service_pb.js';
import { WorkerNodeService } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
import { WorkerService } from '../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceClient } from '../../proto/rpc/service.js';
import { LauncherLink } from './attempts/launcher-link.js';
import { cacheFolderOf } from './cache/cache-folder.js';
import { openCaches, type Caches } from './cache/open-caches.js';
import type { WorkerConfig } from './config.js';
import { Gateway } from './gateway.js';
import { loadIdentity } from './identity.js';
import { jobsFolderOf } from './jobs-folder.js';
import { secretRules } from './secrets-config.js';
import type { UserAccess } from './staging/user-stage.js';
import { runAsPolicy } from './user-config.js';
import type { SecretsAccess } from './staging/secrets-stage.js';
import { folderPreparation } from './staging/stages.js';

export { startAgent, type RunningAgent } from './agent/main.js';
export { isAlive } from './cache/cache-folder.js';
export { listCache, pruneCache, verifyCache, type CachedFile } from './cache/maintenance.js';
export { workerConfigSchema, type WorkerConfig } from './config.js';

/** How long readers of output may go on when the worker stops, in milliseconds. */
const SERVER_GRACE_MS = 2_000;
/** The same when the worker is asked for haste. */
const HASTY_GRACE_MS = 100;

/** Time, chance and log of a process. */
interface WorkerRuntime {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What is to be ended, the last first. */
type Releases = ((haste?: AbortSignal) => Promise<void> | void)[];

/** Options of `startWorker`. */
export interface StartWorkerOptions {
  readonly config: WorkerConfig;
  readonly runtime: WorkerRuntime;
  /** How the control plane is reached; it stays the caller's. Default: gRPC at the configured address. */
  readonly channel?: ServiceChannel;
}

/** What a worker talks to. */
interface Surroundings {
  readonly workers: ServiceClient<typeof WorkerService>;
  readonly log: TopicLog;
  readonly blobs: () => Promise<BlobStore>;
}

/** A worker that runs. */
export interface RunningWorker {
  readonly id: string;
  /** `host:port` of its own server. */
  readonly address: string;
  /** Resolves when another process has taken its place: it is to be stopped without waiting. */
  readonly superseded: Promise<MaridError>;
  /** Drains and ends it, without waiting for its jobs when `haste` aborts; resolves when everything is closed. Idempotent. */
  stop(haste?: AbortSignal): Promise<void>;
}

/**
 * Starts a worker. It registers in the background, and goes on trying while the control plane is away. Rejects with `UNAVAILABLE` when its
 * launcher cannot be started or its address cannot be had.
 */
export async function startWorker({ config, runtime, channel }: StartWorkerOptions): Promise<RunningWorker> {
  const { clock, random, logger } = runtime;
  const stateFolder = resolve(config.stateFolder);
  const identity = await loadIdentity(stateFolder, random);
  await mkdir(jobsFolderOf(stateFolder), { recursive: true });
  const releases: Releases = [];
  const release = async (haste?: AbortSignal): Promise<void> => {
    for (let next = releases.pop(); next !== undefined; next = releases.pop()) await next(haste);
  };
  try {
    const users = await openUsers(config, stateFolder, logger);
    const dial = () => connectLauncher({ stateFolder, clock, logger });
    const launcher = await LauncherLink.connect({ connect: dial, clock, random, logger });
    releases.push(() => launcher.close());
    const { workers: client, log, blobs } = await connect(config, runtime, releases, channel);
    const caches = await openFolderCaches({ ...config, stateFolder }, { ...runtime, blobs }, releases);
    const limit = { timeoutMs: config.stagingTimeoutMs, clock };
    const preparation = folderPreparation(caches, limit, config, { secrets: secretsAccess(config), users });
    const gateway = new Gateway({
      ...{ config: { ...config, stateFolder }, identity, launcher, preparation, client, log, blobs },
      ...runtime,
    });
    const services = [bindService(WorkerNodeService, gateway.handlers)];
    const server = await RpcServer.start({ listen: config.listen, services, logger, clock });
    releases.push((haste) => server.stop({ graceMs: haste?.aborted === true ? HASTY_GRACE_MS : SERVER_GRACE_MS }));
    releases.push((haste) => gateway.stop(haste));
    await gateway.start(server.address);
    let stopping: Promise<void> | null = null;
    const { superseded } = gateway;
    return {
      ...{ id: identity.workerId, address: server.address, superseded },
      stop: (haste) => (stopping ??= release(haste)),
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The control planes at the configured address, unless a channel is given, and the engines that are configured. */
async function connect(
  config: WorkerConfig,
  runtime: WorkerRuntime,
  releases: Releases,
  given: ServiceChannel | undefined,
): Promise<Surroundings> {
  const { random, logger } = runtime;
  const dial = (): ServiceChannel => {
    const channel = connectServers({ address: config.controlPlane, random, logger });
    releases.push(() => channel.close());
    return channel;
  };
  const channel = given ?? dial();
  const log = await openLog(config, runtime, releases, () => given ?? dial());
  const blobs = new WorkerBlobs({ choice: config, remote: channel.client(BlobService), logger });
  releases.push(() => blobs.close());
  return { workers: channel.client(WorkerService), log, blobs: () => blobs.open() };
}

/** Who jobs run as. If others than the worker, these get through the folder of the jobs without reading it. Throws when no job could run as another user. */
async function openUsers(config: WorkerConfig, stateFolder: string, logger: Logger): Promise<UserAccess> {
  const [policy, accounts, jobsFolder] = [runAsPolicy(config), new SystemAccounts(), jobsFolderOf(stateFolder)];
  if (runsAsOthers(policy)) {
    await chmod(jobsFolder, 0o711);
    await checkRunAs(policy, jobsFolder, accounts);
    logger.info({ ...policy }, 'jobs run as other users than the worker');
  }
  return { policy, accounts };
}

/** The secrets that the configuration allows, from its folder and the environment of this process. */
function secretsAccess({ secretsAllow, secretsFolder: folder, secretsPrefix: prefix }: WorkerConfig): SecretsAccess {
  return { source: new WorkerSecrets({ folder, prefix, environment: process.env }), allow: secretRules(secretsAllow) };
}

/** The caches of the state folder, over the fetchers that the configuration chose. */
async function openFolderCaches(
  config: WorkerConfig,
  runtime: WorkerRuntime & { readonly blobs: () => Promise<BlobStore> },
  releases: Releases,
): Promise<Caches> {
  const fetchPublicFilesOnly = runsAsOthers(runAsPolicy(config));
  const fetchers = openFetchers({ ...config, fetchPublicFilesOnly }, runtime);
  releases.push(() => fetchers.close());
  const folder = cacheFolderOf(config.stateFolder);
  return openCaches({ folder, fetchers, settings: config, ...runtime });
}

/** Kafka, or the control plane's log, for which `dial` makes a channel of its own where there may be several: commits must reach the control plane that lends a subscription. */
async function openLog(
  config: WorkerConfig,
  { clock, logger }: WorkerRuntime,
  releases: Releases,
  dial: () => ServiceChannel,
): Promise<TopicLog> {
  if (config.log === 'kafka') {
    const log = await openKafka(config, { clientId: 'marid-worker', mayBeAway: true, clock, logger });
    releases.push(() => log.close());
    return log;
  }
  const { RemoteTopicLog } = await import('../../infra/log/remote/remote-topic-log.js');
  const log = new RemoteTopicLog({ client: dial().client(LogService), clock, logger });
  releases.push(() => log.close());
  return log;
}
