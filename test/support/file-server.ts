/** An HTTP server with files that misbehaves as a test says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.js';

/** A file of the server. */
export interface ServedFile {
  readonly body: Buffer;
  /** Default: none. */
  readonly etag?: string;
  /** Default: none. */
  readonly lastModified?: string;
  /** No Content-Length. Default: false. */
  readonly chunked?: boolean;
}

/** What a test may do instead of an answer; false: answer as usual. */
export type Misbehave = (request: IncomingMessage, answer: ServerResponse, file: ServedFile | null) => boolean;

/** Knows ETags, Last-Modified, ranges and `If-Range`. */
export class FileServer {
  readonly files = new Map<string, ServedFile>();
  /** Requests so far, `path status`, with the range where one was served. */
  readonly seen: string[] = [];
  /** Headers of the requests. */
  readonly headers: IncomingMessage['headers'][] = [];
  misbehave: Misbehave = () => false;

  private constructor(
    private readonly server: Server,
    /** `http://127.0.0.1:port`. */
    readonly url: string,
  ) {}

  static async start(): Promise<FileServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const files = new FileServer(server, `http://127.0.0.1:${String(port)}`);
    server.on('request', (request, answer) => files.answer(request, answer));
    return files;
  }

  /** Bodies that were sent, not counting "not modified". */
  get bodies(): readonly string[] {
    return this.seen.filter((line) => / 20[06]/.test(line));
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private answer(request: IncomingMessage, answer: ServerResponse): void {
    const path = request.url ?? '';
    const file = this.files.get(path) ?? null;
    this.headers.push(request.headers);
    if (this.misbehave(request, answer, file)) {
      this.seen.push(`${path} odd`);
      return;
    }
    const status = this.send(request, answer, file);
    this.seen.push(`${path} ${status}`);
  }

  private send({ headers }: IncomingMessage, answer: ServerResponse, file: ServedFile | null): string {
    if (file === null) {
      answer.writeHead(404).end();
      return '404';
    }
    const { body, etag, lastModified } = file;
    const versions = {
      ...(etag !== undefined && { etag }),
      ...(lastModified !== undefined && { 'last-modified': lastModified }),
    };
    const known = headers['if-none-match'] ?? headers['if-modified-since'];
    if (known !== undefined && (known === etag || known === lastModified)) {
      answer.writeHead(304, versions).end();
      return '304';
    }
    const start = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
    const same = headers['if-range'] === (etag ?? lastModified);
    if (start !== undefined && same && Number(start) < body.length) {
      const range = `bytes ${start}-${body.length - 1}/${body.length}`;
      const part = body.subarray(Number(start));
      answer.writeHead(206, { ...versions, 'content-range': range, 'content-length': part.length }).end(part);
      return `206 ${range}`;
    }
    const length = file.chunked === true ? {} : { 'content-length': body.length };
    answer.writeHead(200, { ...versions, ...length });
    if (file.chunked === true) answer.flushHeaders();
    answer.end(body);
    return '200';
  }
}

/** Sends the head of an answer and the first bytes, and breaks the connection once the client has them. */
export function breakAfter(
  answer: ServerResponse,
  { body, etag }: ServedFile,
  { bytes, arrived }: { readonly bytes: number; readonly arrived: () => boolean },
): true {
  answer.writeHead(200, { ...(etag !== undefined && { etag }), 'content-length': body.length });
  answer.write(body.subarray(0, bytes));
  void eventually('the first bytes', arrived).then(() => answer.destroy());
  return true;
}
