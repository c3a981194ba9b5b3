/** A TCP proxy that does to connections what networks do. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP address. */
export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
}

/** What happens to bytes. */
export type Fault =
  /** They pass, after `delayMs` if given. */
  | { readonly kind: 'none'; readonly delayMs?: number }
  /** Connections are reset, new ones too. */
  | { readonly kind: 'refuse' }
  /** Connections stay open and nothing passes, as when a cable is pulled. */
  | { readonly kind: 'half-open' }
  /** What clients send arrives; the answers do not. */
  | { readonly kind: 'lost-answers' };

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** Bytes of it were withheld, so that its streams are torn. */
  torn: boolean;
}

/**
 * Passes connections on to one server. `fault` says what happens from then on, also to connections that are open. Connections that lost bytes are reset when
 * the fault changes: a network never continues a stream with a hole in it.
 */
export class FaultProxy {
  /** Connections opened so far. */
  connections = 0;
  /** Bytes of clients that were passed on. */
  bytesIn = 0;

  private current: Fault = { kind: 'none' };
  private trapped: { readonly text: string; readonly fault: Fault } | null = null;
  private readonly links = new Set<Link>();
  private readonly whenIn: { readonly bytes: number; readonly resolve: () => void }[] = [];

  private constructor(
    private readonly server: Server,
    private target: ProxyAddress,
  ) {}

  /** Listens on a free loopback port. `target`: host and port, or `host:port`. */
  static async open(target: ProxyAddress | string): Promise<FaultProxy> {
    const server = createServer();
    const proxy = new FaultProxy(server, typeof target === 'string' ? parseAddress(target) : target);
    server.on('connection', (socket) => {
      proxy.accept(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** Leads new connections to another server. */
  lead(target: string): void {
    this.target = parseAddress(target);
  }

  /** Where clients connect. */
  get address(): ProxyAddress {
    const { port } = this.server.address() as AddressInfo;
    return { host: '127.0.0.1', port };
  }

  /** The same as `host:port`. */
  get url(): string {
    return `${this.address.host}:${String(this.address.port)}`;
  }

  /** Changes what happens. */
  set fault(fault: Fault) {
    this.current = fault;
    for (const link of this.links) if (link.torn || fault.kind === 'refuse') this.cutLink(link);
  }

  get fault(): Fault {
    return this.current;
  }

  /** Resets all connections once; new ones are served. */
  cut(): void {
    for (const link of this.links) this.cutLink(link);
  }

  /** From the moment that a client sends bytes with this text, which still pass, `fault` is what happens. */
  trap(text: string, fault: Fault): void {
    this.trapped = { text, fault };
  }

  /** Resolves when clients have sent this many bytes more. */
  async passed(bytes: number): Promise<void> {
    await new Promise<void>((resolve) => this.whenIn.push({ bytes: this.bytesIn + bytes, resolve }));
  }

  /** Ends it with its connections. */
  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(client: Socket): void {
    this.connections += 1;
    if (this.current.kind === 'refuse') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const link: Link = { client, server: connect(this.target), torn: false };
    this.links.add(link);
    for (const socket of [link.client, link.server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => this.cutLink(link));
    }
    client.on('data', (bytes: Buffer) => this.pass(link, link.server, bytes));
    link.server.on('data', (bytes: Buffer) => this.pass(link, client, bytes));
  }

  private pass(link: Link, to: Socket, bytes: Buffer): void {
    const inward = to === link.server;
    if (inward && this.trapped !== null && bytes.includes(this.trapped.text)) {
      this.fault = this.trapped.fault;
      this.trapped = null;
    }
    const { current } = this;
    if (current.kind === 'half-open' || (current.kind === 'lost-answers' && !inward)) {
      link.torn = true;
      return;
    }
    const delayMs = current.kind === 'none' ? (current.delayMs ?? 0) : 0;
    if (delayMs === 0) this.write(to, bytes, inward);
    else setTimeout(() => this.write(to, bytes, inward), delayMs);
  }

  private write(to: Socket, bytes: Buffer, inward: boolean): void {
    if (!to.destroyed) to.write(bytes);
    if (!inward) return;
    this.bytesIn += bytes.length;
    for (const each of this.whenIn) if (each.bytes <= this.bytesIn) each.resolve();
  }

  private cutLink(link: Link): void {
    this.links.delete(link);
    link.client.resetAndDestroy();
    link.server.destroy();
  }
}

function parseAddress(text: string): ProxyAddress {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
