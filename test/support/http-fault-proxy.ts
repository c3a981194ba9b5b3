/** Stands between an HTTP client and its server and misbehaves as a test says. */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request. `lose`: the server does it, the answer is lost; `cut`: both connections end after some bytes of the request's body. */
export type HttpFault =
  | { readonly kind: 'pass' }
  | { readonly kind: 'answer'; readonly status: number }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'lose' }
  | { readonly kind: 'hang' }
  /** The answer's body stops in the middle: `hang` leaves the connection open. */
  | { readonly kind: 'truncate'; readonly afterBytes: number; readonly hang: boolean };

/** A request as the chooser sees it. */
export interface SeenRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
}

/** A proxy on a port of its own. */
export class HttpFaultProxy {
  /** Requests so far, `METHOD path?query`. */
  readonly seen: string[] = [];
  /** Chooses what happens. Default: everything passes. */
  choose: (request: SeenRequest) => HttpFault = () => ({ kind: 'pass' });

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
    /** `http://host:port`. */
    readonly url: string,
  ) {}

  /** Starts one before `target`, `http://host:port`. */
  static async start(target: string): Promise<HttpFaultProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const proxy = new HttpFaultProxy(server, new URL(target), `http://127.0.0.1:${String(port)}`);
    server.on('request', (incoming: IncomingMessage, answer: ServerResponse) => {
      proxy.handle(incoming, answer);
    });
    return proxy;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private handle(incoming: IncomingMessage, answer: ServerResponse): void {
    const { method = '', url: path = '' } = incoming;
    this.seen.push(`${method} ${path}`);
    const fault = this.choose({ method, path });
    incoming.on('error', () => undefined); // the client went away
    if (fault.kind === 'hang') return;
    if (fault.kind === 'answer') {
      incoming.resume().on('end', () => answer.writeHead(fault.status).end());
      return;
    }
    this.forward(incoming, answer, fault);
  }

  private forward(incoming: IncomingMessage, answer: ServerResponse, fault: HttpFault): void {
    const { hostname, port } = this.target;
    const { method = 'GET', url: path = '/', headers } = incoming;
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      if (fault.kind === 'lose') {
        response.resume().on('end', () => incoming.socket.destroy());
        return;
      }
      answer.writeHead(response.statusCode ?? 502, response.headers);
      if (fault.kind === 'truncate') truncate(response, answer, fault);
      else response.pipe(answer);
    });
    const end = (): void => {
      outgoing.destroy();
      incoming.socket.destroy();
    };
    outgoing.on('error', end);
    answer.on('close', () => outgoing.destroy());
    if (fault.kind === 'cut') cutAfter(incoming, fault.afterBytes, end);
    incoming.pipe(outgoing);
  }
}

function cutAfter(incoming: IncomingMessage, bytes: number, end: () => void): void {
  let count = 0;
  incoming.on('data', (piece: Buffer) => {
    count += piece.length;
    if (count >= bytes) end();
  });
}

function truncate(
  response: IncomingMessage,
  answer: ServerResponse,
  { afterBytes, hang }: { readonly afterBytes: number; readonly hang: boolean },
): void {
  let left = afterBytes;
  response.on('data', (piece: Buffer) => {
    if (left <= 0) return;
    answer.write(piece.subarray(0, left));
    left -= piece.length;
    if (left <= 0 && !hang) setImmediate(() => answer.destroy());
  });
}
