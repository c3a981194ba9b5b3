/** One request of HTTP: to the server, or by a proxy, with the address checked that is really connected to. */
import { lookup as resolveName, type LookupAddress } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as startTls } from 'node:tls';
import type { Clock } from '../../../core/ports/clock.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { AddressPolicy } from './address-policy.js';

/** Code of the error of an address that may not be connected to. */
export const ADDRESS_REFUSED = 'MARID_ADDRESS_REFUSED';
/** Code of the error of a wait that took too long. */
export const TOO_SLOW = 'MARID_TOO_SLOW';

/** Options of `HttpConnections`. */
export interface HttpConnectionsOptions {
  readonly policy: AddressPolicy;
  /** URL of a proxy, `http://[user:password@]host:port`; null: none. Nothing is taken from the environment. */
  readonly proxy: string | null;
  /** Hosts that are reached without the proxy, and with `.` before it a domain. */
  readonly noProxy: readonly string[];
  /** Longest time until a connection stands, milliseconds. */
  readonly connectMs: number;
  /** Longest wait for the start of an answer, milliseconds. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/** A request's headers. */
export type Headers = Readonly<Record<string, string>>;

/** Connections are kept for a while: many files come from one server. */
export class HttpConnections {
  readonly #options: HttpConnectionsOptions;
  readonly #proxy: URL | null;
  readonly #agents: { readonly http: http.Agent; readonly https: https.Agent };

  constructor(options: HttpConnectionsOptions) {
    this.#options = options;
    this.#proxy = options.proxy === null ? null : new URL(options.proxy);
    const lookup = checkedLookup(options.policy);
    const settings = { keepAlive: true, maxFreeSockets: 8, lookup };
    this.#agents = { http: new http.Agent(settings), https: new https.Agent(settings) };
  }

  /** Sends a GET and waits for the head of its answer. Redirects are not followed. */
  async get(url: URL, headers: Headers, signal: AbortSignal): Promise<http.IncomingMessage> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const proxied = this.#proxy !== null && !this.#isDirect(host);
    if ((isIP(host) !== 0 || proxied) && !this.#mayName(host)) throw refusal(host, host);
    const all = { ...headers, ...credentialsOf(url) };
    if (!proxied || this.#proxy === null) return this.#send(url, { headers: all, signal }, true);
    if (url.protocol === 'https:') return this.#throughTunnel(this.#proxy, url, all, signal);
    const { hostname, port } = this.#proxy;
    const forProxy = { ...all, ...proxyCredentials(this.#proxy), host: url.host };
    const path = `http://${url.host}${url.pathname}${url.search}`;
    return this.#send(url, { hostname: bare(hostname), port, path, headers: forProxy, agent: false, signal }, false);
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** A proxy resolves names itself: only addresses, and names that mean this machine, can be checked before. */
  #mayName(host: string): boolean {
    const local = /^localhost\.?$|\.localhost\.?$/i.test(host);
    if (isIP(host) === 0 && !local) return true;
    return this.#options.policy.allows(host, local ? '127.0.0.1' : host);
  }

  #isDirect(host: string): boolean {
    return this.#options.noProxy.some((each) => host === each || (each.startsWith('.') && host.endsWith(each)));
  }

  #send(url: URL, options: https.RequestOptions, withAgent: boolean): Promise<http.IncomingMessage> {
    const secure = url.protocol === 'https:';
    const full = withAgent ? { ...options, agent: secure ? this.#agents.https : this.#agents.http } : options;
    const plain = new URL(url);
    plain.username = plain.password = '';
    return this.#answerTo(secure ? https.request(plain, full) : http.request(plain, full), secure);
  }

  async #throughTunnel(proxy: URL, url: URL, headers: Headers, signal: AbortSignal): Promise<http.IncomingMessage> {
    const socket = await this.#tunnel(proxy, url, signal);
    const host = bare(url.hostname);
    const createConnection = () => startTls({ socket, ...(isIP(host) === 0 && { servername: host }) });
    return this.#send(url, { headers, signal, agent: false, createConnection }, false);
  }

  #tunnel(proxy: URL, url: URL, signal: AbortSignal): Promise<Socket> {
    const path = `${url.hostname}:${url.port === '' ? '443' : url.port}`;
    const headers = { host: path, ...proxyCredentials(proxy) };
    const to = { hostname: bare(proxy.hostname), port: proxy.port };
    const request = http.request({ ...to, method: 'CONNECT', path, headers, agent: false, signal });
    return new Promise((resolve, reject) => {
      const { clock, connectMs } = this.#options;
      const cancel = clock.after(connectMs, () => request.destroy(slow('the proxy did not connect')));
      request.once('close', cancel);
      request.once('error', reject);
      request.once('connect', (response, socket: Socket) => {
        cancel();
        if (response.statusCode === 200) resolve(socket);
        else {
          socket.destroy();
          reject(new MaridError('UNAVAILABLE', `the proxy answered ${String(response.statusCode)}`));
        }
      });
      request.end();
    });
  }

  #answerTo(request: http.ClientRequest, secure: boolean): Promise<http.IncomingMessage> {
    const { clock, connectMs, idleMs } = this.#options;
    return new Promise((resolve, reject) => {
      let cancel = clock.after(connectMs, () => request.destroy(slow('there was no connection')));
      const connected = (): void => {
        cancel();
        cancel = clock.after(idleMs, () => request.destroy(slow('there was no answer')));
      };
      request.once('socket', (socket) => {
        if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', connected);
        else connected();
      });
      request.once('response', (response) => {
        cancel();
        resolve(response);
      });
      request.once('error', reject);
      request.once('close', () => {
        cancel();
        reject(new Error('the connection ended'));
      });
      request.end();
    });
  }
}

/** Resolves a name to those of its addresses that may be connected to. What it returns is what is connected to. */
function checkedLookup(policy: AddressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    const { family = 0 } = options;
    const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
    resolveName(hostname, { family: wanted, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const allowed = addresses.filter(({ address }) => policy.allows(hostname, address));
      const [first] = allowed;
      if (first === undefined) callback(refusal(hostname, addresses[0]?.address ?? ''), '');
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function refusal(host: string, address: string): Error {
  const where = host === address ? host : `${host} (${address})`;
  return Object.assign(new Error(`${where} is not a public address`), { code: ADDRESS_REFUSED });
}

function slow(what: string): Error {
  return Object.assign(new Error(`${what} in time`), { code: TOO_SLOW });
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function credentialsOf({ username, password }: URL): Headers {
  return username === '' && password === '' ? {} : { authorization: basic(username, password) };
}

function proxyCredentials({ username, password }: URL): Headers {
  return username === '' ? {} : { 'proxy-authorization': basic(username, password) };
}

function basic(username: string, password: string): string {
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}
