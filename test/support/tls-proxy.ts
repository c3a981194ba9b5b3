/** Speaks TLS for a server that does not, and remembers what clients say. */
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer, type Server, type TlsOptions } from 'node:tls';

/** Ends TLS before one server. */
export class TlsProxy {
  /** All that clients sent, decrypted. */
  received = Buffer.alloc(0);
  /** Connections that came as far as speaking. */
  secured = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** Listens on a free loopback port. `target`: `host:port`. */
  static async open(target: string, options: TlsOptions): Promise<TlsProxy> {
    const { hostname: host, port } = new URL(`tcp://${target}`);
    const server = createServer(options);
    const proxy = new TlsProxy(server);
    server.on('connection', (socket: Socket) => proxy.keep(socket));
    server.on('secureConnection', (client) => {
      proxy.secured += 1;
      const upstream = connect({ host, port: Number(port) });
      proxy.keep(upstream);
      client.on('data', (bytes: Buffer) => {
        proxy.received = Buffer.concat([proxy.received, bytes]);
      });
      client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
      client.pipe(upstream).pipe(client);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** Where clients connect, `host:port`. */
  get address(): string {
    return `127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** Ends it with its connections. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
