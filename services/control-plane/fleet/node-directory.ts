/** Clients of the workers' own servers. */
import { LRUCache } from 'lru-cache';
import { MaridError, isMaridError } from '../../../core/errors/marid-error.js';
import type { WorkerRecord } from '../../../core/fleet/worker-record.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { WorkerNodeService } from '../../../proto/gen/marid/v1/worker_node_service_pb.js';
import type { ServiceClient } from '../../../proto/rpc/service.js';
import type { WorkerDirectory } from './worker-directory.js';

/** Workers to which a connection is kept. */
const KEPT_CONNECTIONS = 500;
/** A worker that started anew at another control plane is called at its new address after this long at the latest. */
const RECENT_MS = 1000;
/** How long a worker may take to answer a probe. */
const PROBE_MS = 3000;

/** Client of a worker's own server. */
export type NodeClient = ServiceClient<typeof WorkerNodeService>;

/** A connection to a worker. */
export interface NodeConnection {
  readonly client: NodeClient;
  close(): Promise<void> | void;
}

/** Connects to `host:port`; does not wait for the connection. */
export type Dial = (address: string) => NodeConnection;

/** Options of `NodeDirectory`. */
export interface NodeDirectoryOptions {
  readonly directory: WorkerDirectory;
  readonly dial: Dial;
  readonly logger: Logger;
}

/** Connections by address, the least recently used closed first. States: open, closed (`stop`). */
export class NodeDirectory implements Service {
  private readonly connections: LRUCache<string, NodeConnection>;

  constructor(private readonly options: NodeDirectoryOptions) {
    this.connections = new LRUCache({
      max: KEPT_CONNECTIONS,
      dispose: (connection) => {
        this.close(connection);
      },
    });
  }

  async start(): Promise<void> {
    // connections are made when they are needed
  }

  async stop(): Promise<void> {
    this.connections.clear();
  }

  /** The client of a worker. `WORKER_UNREACHABLE` when it is not known any more or has stopped. */
  async clientOf(workerId: string): Promise<NodeClient> {
    const worker = await this.options.directory.recent(workerId, RECENT_MS);
    if (worker === null || worker.record.stopped) {
      throw unreachable(workerId, worker === null ? 'is not known any more' : 'has stopped');
    }
    const { address } = worker.record;
    const connection = this.connections.get(address) ?? this.options.dial(address);
    this.connections.set(address, connection, { noDisposeOnSet: true });
    return connection.client;
  }

  /** Whether the process that has this session answers. Another one at its address, or a later run of the worker, is not it. */
  async answers({ id, session }: WorkerRecord): Promise<boolean> {
    try {
      const client = await this.clientOf(id);
      const answer = await client.probe({}, { timeoutMs: PROBE_MS });
      return answer.workerId === id && answer.session === session;
    } catch (error) {
      this.options.logger.debug({ error, workerId: id }, 'a worker does not answer');
      return false;
    }
  }

  private close(connection: NodeConnection): void {
    Promise.resolve(connection.close()).catch((error: unknown) => {
      this.options.logger.warn({ error }, 'a connection to a worker could not be closed');
    });
  }
}

/** What a failed call to a worker means to the caller of the control plane. */
export function nodeError(error: unknown, workerId: string): unknown {
  if (isMaridError(error) && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED')) {
    return unreachable(workerId, 'cannot be reached now', error);
  }
  return error;
}

function unreachable(workerId: string, why: string, cause?: unknown): MaridError {
  const message = `Worker ${workerId}, which holds the files of the attempt, ${why}.`;
  return new MaridError('WORKER_UNREACHABLE', message, { facts: { worker_id: workerId }, cause });
}
