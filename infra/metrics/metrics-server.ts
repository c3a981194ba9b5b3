/** Lets Prometheus, and whatever reads its format, have the measurements: `GET /metrics`, and nothing else. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { MaridError } from '../../core/errors/marid-error.js';
import { renderMetrics, type Metric } from '../../core/metrics/metric.js';
import type { Logger } from '../../core/ports/logger.js';
import { parseAddress } from '../rpc/address.js';

/** Options of `MetricsServer.start`. */
export interface MetricsServerOptions {
  /** Where to listen, `host:port`; port 0 takes a free one. */
  readonly listen: string;
  readonly collect: () => Promise<readonly Metric[]>;
  readonly logger: Logger;
}

/** Serves from `start` to `stop`. Whoever reaches the address may read: there are names of users and pools, and nothing of jobs. */
export class MetricsServer {
  private constructor(
    /** Where it listens, with the real port. */
    readonly address: string,
    private readonly server: Server,
  ) {}

  /** Rejects with `UNAVAILABLE` when the address cannot be had. */
  static async start({ listen, collect, logger }: MetricsServerOptions): Promise<MetricsServer> {
    const { host, port } = parseAddress(listen);
    const server = createServer((request, response) => {
      void answer(request, response, collect).catch((error: unknown) => {
        logger.warn({ error }, 'metrics could not be collected');
        response.writeHead(503).end('The metrics cannot be collected now.\n');
      });
    });
    server.listen(port, host.replace(/^\[|\]$/g, ''));
    try {
      await once(server, 'listening');
    } catch (cause) {
      throw new MaridError('UNAVAILABLE', `Cannot serve metrics on ${listen}: ${String(cause)}.`, { cause });
    }
    const bound = server.address();
    return new MetricsServer(
      `${host}:${String(typeof bound === 'object' && bound !== null ? bound.port : port)}`,
      server,
    );
  }

  /** Resolves when it is closed; connections are cut. */
  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  collect: () => Promise<readonly Metric[]>,
): Promise<void> {
  if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
    response.writeHead(404).end('GET /metrics\n');
    return;
  }
  const text = renderMetrics(await collect());
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
}
