/** A worker whose jobs run for ever and cost nothing: the real gateway over real gRPC, with a launcher that starts no process. */
import type { HeldProcess, Launcher, StartedProcess } from '../../core/ports/launcher.js';
import type { Logger } from '../../core/ports/logger.js';
import { RemoteTopicLog } from '../../infra/log/remote/remote-topic-log.js';
import { connectRpc } from '../../infra/rpc/rpc-channel.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { LogService } from '../../proto/gen/marid/v1/log_service_pb.js';
import { WorkerService } from '../../proto/gen/marid/v1/worker_service_pb.js';
import { LauncherLink } from '../../workers/gateway/attempts/launcher-link.js';
import { workerConfigSchema } from '../../workers/gateway/config.js';
import { Gateway } from '../../workers/gateway/gateway.js';
import { planStage } from '../../workers/gateway/staging/plan-stage.js';
import { startStage } from '../../workers/gateway/staging/start-stage.js';

const clock = new SystemClock();
const random = new SystemRandom();
const quiet = (): void => undefined;
const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => logger };

/** Starts nothing and says that it runs. */
class HoldingLauncher implements Launcher {
  /** Attempts that were started. */
  started = 0;

  async start(): Promise<StartedProcess> {
    this.started += 1;
    return { processId: this.started, startedAt: clock.now() };
  }

  async kill(): Promise<boolean> {
    return false;
  }

  async adopt(): Promise<readonly HeldProcess[]> {
    return [];
  }

  async renew(): Promise<void> {
    // its leases do not run out
  }

  async forget(): Promise<void> {
    // it remembers nothing
  }

  onExit(): void {
    // nothing ends
  }

  onBroken(): void {
    // it does not break
  }

  async close(): Promise<void> {
    // nothing is open
  }
}

/** A worker with a connection of its own, as on a host of its own. */
export class HeldWorker {
  private constructor(
    private readonly launcher: HoldingLauncher,
    private readonly gateway: Gateway,
    private readonly disconnect: () => Promise<void>,
  ) {}

  /** Starts a worker; it registers in the background. */
  static async start(options: {
    /** Of the control plane. */
    readonly address: string;
    readonly name: string;
    readonly pool: string;
    readonly memoryMb: number;
  }): Promise<HeldWorker> {
    const { address, name, pool, memoryMb } = options;
    const channel = connectRpc({ address });
    const launcher = new HoldingLauncher();
    const ports = { clock, random, logger };
    const config = workerConfigSchema.parse({ stateFolder: `/nowhere/${name}`, pool, memoryMb });
    const gateway = new Gateway({
      ...ports,
      config,
      identity: { workerId: name, session: random.id() },
      launcher: await LauncherLink.connect({ connect: async () => launcher, ...ports }),
      client: channel.client(WorkerService),
      log: new RemoteTopicLog({ client: channel.client(LogService), clock, logger }),
      preparation: {
        stages: (link) => [planStage, startStage(link, config)],
        readFacts: async () => null,
        cleanUp: quiet,
        protect: quiet,
      },
    });
    await gateway.start('127.0.0.1:9');
    return new HeldWorker(launcher, gateway, () => channel.close());
  }

  /** Jobs that it runs. */
  get running(): number {
    return this.launcher.started;
  }

  /** Leaves its jobs alone and ends. */
  async stop(): Promise<void> {
    await Promise.race([this.gateway.stop(AbortSignal.abort()), clock.sleep(2000)]);
    await this.disconnect();
  }
}
