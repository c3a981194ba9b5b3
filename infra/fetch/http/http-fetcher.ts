/** `Fetcher` of `http:` and `https:` URIs. */
import type { IncomingMessage } from 'node:http';
import {
  FetchError,
  shownUri,
  type FetchedFile,
  type Fetcher,
  type FetchPlace,
  type FetchRequest,
} from '../../../core/ports/fetcher.js';
import { readBody } from '../../runtime/read-body.js';
import { HttpConnections, type Headers, type HttpConnectionsOptions } from './http-connection.js';
import { httpError, statusError } from './http-errors.js';

const MOST_REDIRECTS = 5;
const REDIRECTS: readonly (number | undefined)[] = [301, 302, 303, 307, 308];
const ETAG = 'etag:';
const MODIFIED = 'modified:';

/** The version is the ETag, or else the time of change. Encoded bodies (gzip) are kept as they are sent. */
export class HttpFetcher implements Fetcher {
  readonly #options: HttpConnectionsOptions;
  readonly #connections: HttpConnections;

  constructor(options: HttpConnectionsOptions) {
    this.#options = options;
    this.#connections = new HttpConnections(options);
  }

  async open(request: FetchRequest): Promise<FetchedFile | null> {
    const shown = shownUri(request.uri);
    try {
      const response = await this.#follow(request, headersOf(request));
      const { statusCode: status } = response;
      if (status === 200 || status === 206) return this.#opened(response, request);
      response.destroy();
      if (status === 304 && request.held !== null) return null;
      if (status === 416 && request.resume !== null) return await this.open({ ...request, resume: null });
      throw statusError(shown, status ?? 0);
    } catch (error) {
      throw httpError(shown, error);
    }
  }

  async close(): Promise<void> {
    this.#connections.close();
  }

  async #follow({ uri, signal }: FetchRequest, headers: Headers): Promise<IncomingMessage> {
    let url = new URL(uri);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const response = await this.#connections.get(url, headers, signal);
      const { location } = response.headers;
      if (!REDIRECTS.includes(response.statusCode) || location === undefined) return response;
      response.destroy();
      url = redirected(shownUri(uri), url, location);
    }
    const why = `it was redirected more than ${MOST_REDIRECTS} times`;
    throw new FetchError('FILE_UNREADABLE', `The file ${shownUri(uri)} cannot be fetched: ${why}.`, false);
  }

  #opened(response: IncomingMessage, { uri, resume, signal }: FetchRequest): FetchedFile {
    const shown = shownUri(uri);
    const place = placeOf(response, resume);
    if (place === null) {
      response.destroy();
      throw new FetchError('FETCH_FAILED', `The file ${shown} cannot be fetched: the server sent another part.`, true);
    }
    const { clock, idleMs } = this.#options;
    const translate = (error: unknown): Error => httpError(shown, error);
    const body = readBody(response, { clock, idleMs, translate });
    signal.addEventListener('abort', () => response.destroy(), { once: true });
    return { version: versionOf(response), executable: false, ...place, body };
  }
}

function headersOf({ held, resume }: FetchRequest): Headers {
  const plain = { 'accept-encoding': 'identity', 'user-agent': 'marid' };
  if (held?.startsWith(ETAG) === true) return { ...plain, 'if-none-match': held.slice(ETAG.length) };
  if (held?.startsWith(MODIFIED) === true) return { ...plain, 'if-modified-since': held.slice(MODIFIED.length) };
  if (resume === null || resume.version.startsWith(`${ETAG}W/`)) return plain; // weak ones tell nothing of bytes
  const ifRange = resume.version.replace(/^(etag|modified):/, '');
  return { ...plain, range: `bytes=${resume.offset}-`, 'if-range': ifRange };
}

function versionOf({ headers }: IncomingMessage): string | null {
  const { etag, 'last-modified': modified } = headers;
  if (etag !== undefined) return ETAG + etag;
  return modified === undefined ? null : MODIFIED + modified;
}

/** Which part an answer holds; null when it is not the one that was asked for. */
function placeOf(
  { statusCode, headers }: IncomingMessage,
  resume: FetchPlace | null,
): Pick<FetchedFile, 'sizeBytes' | 'offset'> | null {
  const length = headers['content-length'];
  if (statusCode === 200) return { sizeBytes: length === undefined ? null : Number(length), offset: 0 };
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  if (resume === null || Number(start) !== resume.offset) return null;
  return { sizeBytes: Number(total), offset: resume.offset };
}

/** Where a redirect leads. Credentials do not go to another server. */
function redirected(shown: string, from: URL, location: string): URL {
  const refuse = (why: string): FetchError =>
    new FetchError('FILE_UNREADABLE', `The file ${shown} cannot be fetched: ${why}.`, false);
  if (!URL.canParse(location, from.href)) throw refuse('the server redirected it to something that is no URL');
  const to = new URL(location, from.href);
  if (to.protocol !== 'https:' && to.protocol !== from.protocol) {
    throw refuse(`the server redirected it from ${from.protocol} to ${to.protocol}`);
  }
  if (to.origin === from.origin) [to.username, to.password] = [from.username, from.password];
  return to;
}
