/** Composition root of an agent: a worker for one job, whose program gets the terminal of the command that runs it. */
import { mkdir } from 'node:fs/promises';
import { agentPool } from '../../../core/fleet/agent-pool.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { ProcessExit } from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import { WorkerBlobs } from '../../../infra/engines/open-worker-blobs.js';
import { openFetchers } from '../../../infra/fetch/open-fetchers.js';
import { RemoteTopicLog } from '../../../infra/log/remote/remote-topic-log.js';
import { TerminalLauncher } from '../../../infra/process/terminal/terminal-launcher.js';
import { bindService, connectServers, RpcServer } from '../../../infra/rpc/index.js';
import { WorkerSecrets } from '../../../infra/secrets/worker-secrets.js';
import { BlobService } from '../../../proto/gen/marid/v1/blob_service_pb.js';
import { LogService } from '../../../proto/gen/marid/v1/log_service_pb.js';
import { WorkerNodeService } from '../../../proto/gen/marid/v1/worker_node_service_pb.js';
import { WorkerService } from '../../../proto/gen/marid/v1/worker_service_pb.js';
import { LauncherLink } from '../attempts/launcher-link.js';
import { openCaches } from '../cache/open-caches.js';
import type { WorkerConfig } from '../config.js';
import { Gateway } from '../gateway.js';
import { jobsFolderOf } from '../jobs-folder.js';
import { secretRules } from '../secrets-config.js';
import { folderPreparation } from '../staging/stages.js';

/** Milliseconds that the end of the job may take to be acknowledged. */
const DRAIN_MS = 5_000;
/** Milliseconds in which the archive is tried again: somebody waits for it. */
const ARCHIVE_MS = 15_000;

/** Options of `startAgent`. */
export interface StartAgentOptions {
  /** Name of the agent, as it was given with the job. */
  readonly agentId: string;
  /** MiB that the job reserves. */
  readonly memoryMb: number;
  /** How files are fetched, and where the control plane is; the state folder is absolute and the agent's alone. */
  readonly config: WorkerConfig;
  /** Cache of files, absolute; several agents may share it. */
  readonly cacheFolder: string;
  /** Variables of the terminal that the program gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the program runs, absolute. */
  readonly workingDirectory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** An agent that runs. */
export interface RunningAgent {
  /** The end of the program; never resolves when it is not started. */
  readonly exit: Promise<ProcessExit>;
  /** Whether the program runs, and gets the terminal's signals by itself. */
  readonly hasTerminal: boolean;
  /** Ends the program: SIGTERM, and SIGKILL after the configured grace. */
  kill(): void;
  /** Kills what runs, reports the end, and closes. Idempotent. */
  stop(): Promise<void>;
}

/** Starts an agent, which registers and claims its job. Rejects with `UNAVAILABLE` when its address cannot be had. */
export async function startAgent(options: StartAgentOptions): Promise<RunningAgent> {
  const { agentId, memoryMb, cacheFolder, environment, workingDirectory, ...runtime } = options;
  const { clock, random, logger } = runtime;
  const own = { pool: agentPool(agentId), memoryMb, drainTimeoutMs: DRAIN_MS, archiveDeadlineMs: ARCHIVE_MS };
  const config = { ...options.config, ...own };
  await mkdir(jobsFolderOf(config.stateFolder), { recursive: true });
  const terminal = new TerminalLauncher({ environment, workingDirectory, clock });
  const launcher = await LauncherLink.connect({ ...runtime, connect: async () => terminal });
  const channel = connectServers({ address: config.controlPlane, random, logger });
  const log = new RemoteTopicLog({ client: channel.client(LogService), clock, logger });
  const blobs = new WorkerBlobs({ choice: config, remote: channel.client(BlobService), logger });
  const fetchers = openFetchers(config, { ...runtime, blobs: () => blobs.open() });
  const caches = await openCaches({ folder: cacheFolder, fetchers, settings: config, ...runtime });
  const { secretsAllow, secretsFolder: folder, secretsPrefix: prefix } = config;
  const secrets = new WorkerSecrets({ folder, prefix, environment: process.env });
  const access = { secrets: { source: secrets, allow: secretRules(secretsAllow) }, workingDirectory };
  const gateway = new Gateway({
    ...{ ...runtime, config, launcher, log, client: channel.client(WorkerService), readsOffers: false },
    identity: { workerId: agentId, session: random.id() },
    preparation: folderPreparation(caches, { timeoutMs: config.stagingTimeoutMs, clock }, config, access),
    blobs: () => blobs.open(),
  });
  const services = [bindService(WorkerNodeService, gateway.handlers)];
  const server = await RpcServer.start({ listen: config.listen, services, logger, clock });
  const close = async (): Promise<void> => {
    terminal.end('kill', 0);
    await gateway.stop();
    await server.stop({ graceMs: 0 });
    await launcher.close();
    await log.close();
    await Promise.all([fetchers.close(), blobs.close()]);
    await channel.close();
  };
  await gateway.start(server.address);
  let stopping: Promise<void> | null = null;
  return {
    exit: terminal.exit,
    get hasTerminal() {
      return terminal.running;
    },
    kill: () => terminal.end('kill', config.killGraceMs),
    stop: () => (stopping ??= close()),
  };
}
