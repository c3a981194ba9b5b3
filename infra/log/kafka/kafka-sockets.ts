/** The connections of one kafkajs client, so that they can be cut when it does not end by itself. */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import type { BrokerAddress } from './options.js';

const KEEP_ALIVE_MS = 30_000;

/** Opens and keeps the sockets of a client. */
export class KafkaSockets {
  private readonly open = new Set<Socket>();
  private over = false;

  /** `route`: where to connect instead of an advertised address. */
  constructor(private readonly route: (address: BrokerAddress) => BrokerAddress) {}

  /** Connections that are open or being opened. */
  get size(): number {
    return this.open.size;
  }

  /** For kafkajs' `socketFactory`. */
  readonly factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (this.over) throw new Error('this client is closed');
    const address = this.route({ host, port });
    const servername = isIP(host) === 0 ? { servername: host } : {};
    // kafkajs passes null for none, whatever its types say.
    const secure: unknown = ssl;
    const socket =
      secure === null || secure === undefined
        ? connect(address, onConnect)
        : connectTls({ ...address, ...servername, ...ssl }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
    return socket;
  };

  /** Whether it was ended. */
  get ended(): boolean {
    return this.over;
  }

  /** Cuts all connections and refuses new ones. */
  end(): void {
    this.over = true;
    this.cut();
  }

  /** Cuts all connections. An error makes kafkajs see it, which hears nothing of a plain close. */
  cut(): void {
    for (const socket of this.open) {
      if (socket.writableEnded) socket.destroy();
      else socket.destroy(new Error('the connection was given up'));
    }
  }
}
