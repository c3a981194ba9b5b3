/** An embedded log that is lent over gRPC, as in a control plane with workers in other processes. */
import { EmbeddedTopicLog } from '../../infra/log/embedded/embedded-topic-log.js';
import { RemoteTopicLog } from '../../infra/log/remote/remote-topic-log.js';
import { bindService, connectRpc, RpcServer, type RpcChannel } from '../../infra/rpc/index.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { SqliteDatabase } from '../../infra/store/sqlite/sqlite-database.js';
import { LogService } from '../../proto/gen/marid/v1/log_service_pb.js';
import { createLogServiceHandlers } from '../../services/control-plane/api/log-service.js';
import { QuietLogger } from './quiet-logger.js';

/** The log, its server, and a log that reaches it through the server. */
export class RemoteLogHarness {
  readonly logger = new QuietLogger();
  private readonly clock = new SystemClock();
  private readonly channels: RpcChannel[] = [];
  private readonly remotes: RemoteTopicLog[] = [];
  /** Calls of Produce that reached the server. */
  produceCalls = 0;

  private constructor(
    private readonly databases: SqliteDatabase[],
    public local: EmbeddedTopicLog,
    public server: RpcServer,
  ) {}

  static async open(): Promise<RemoteLogHarness> {
    const logger = new QuietLogger();
    const clock = new SystemClock();
    const db = SqliteDatabase.open({ path: ':memory:', logger });
    const local = new EmbeddedTopicLog({ db, clock, logger });
    const server = await RpcServer.start({ listen: '127.0.0.1:0', services: [], logger, clock });
    const harness = new RemoteLogHarness([db], local, server);
    await harness.restart();
    return harness;
  }

  /** A worker's log. */
  connect(): RemoteTopicLog {
    const channel = connectRpc({ address: this.server.address });
    this.channels.push(channel);
    const remote = new RemoteTopicLog({ client: channel.client(LogService), clock: this.clock, logger: this.logger });
    this.remotes.push(remote);
    return remote;
  }

  /** Ends the server and starts another one at the same address, over the same log or over `local`. */
  async restart(local: EmbeddedTopicLog = this.local): Promise<void> {
    await this.server.stop({ graceMs: 2_000 });
    this.local = local;
    const handlers = createLogServiceHandlers({ log: local, random: new SystemRandom(), logger: this.logger });
    const counting: typeof handlers = {
      ...handlers,
      produce: (request, context) => {
        this.produceCalls += 1;
        return handlers.produce(request, context);
      },
    };
    this.server = await RpcServer.start({
      listen: this.server.address,
      services: [bindService(LogService, counting)],
      logger: this.logger,
      clock: this.clock,
    });
  }

  /** An empty log with tables of its own. */
  emptyLog(): EmbeddedTopicLog {
    const { clock, logger } = this;
    const db = SqliteDatabase.open({ path: ':memory:', logger });
    this.databases.push(db);
    return new EmbeddedTopicLog({ db, clock, logger });
  }

  async close(): Promise<void> {
    for (const remote of this.remotes) await remote.close();
    for (const channel of this.channels) await channel.close();
    await this.server.stop({ graceMs: 2_000 });
    await this.local.close();
    for (const db of this.databases) db.close();
  }
}
