/** Calls between processes. */
import { create, type DescMethod, type DescService, type Message } from '@bufbuild/protobuf';
import { isMaridError, MaridError } from '../../core/errors/marid-error.js';
import type { Random } from '../../core/ports/random.js';
import { decodeUnaryHandler } from '../../infra/rpc/bind-service.js';
import { clientOf, type ClientTransport } from '../../infra/rpc/service-client.js';
import { onAbort } from '../../infra/rpc/until-aborted.js';
import type { CallOptions, ServiceClient } from '../../proto/rpc/service.js';
import { refusal, silence, type Weather } from './link.js';
import type { SimProcess } from './sim-process.js';
import type { Timeline } from './timeline.js';

const DEFAULT_TIMEOUT_MS = 30_000;
/** Longest time of a message on its way, milliseconds, as a rule and in trouble. */
const TRAVEL_MS = 10;
const SLOW_TRAVEL_MS = 12_000;

/** What is served at an address. */
interface Server {
  readonly process: SimProcess;
  /** Handlers by the full name of their service. */
  readonly handlers: ReadonlyMap<string, object>;
}

/** Options of `SimNetwork`. */
export interface SimNetworkOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly weather: Weather;
  /** Names of processes that reach nobody and that nobody reaches. */
  readonly cut: ReadonlySet<string>;
  /** Names of processes whose calls are carried out and not answered. */
  readonly unanswered: ReadonlySet<string>;
  /** Gets what a handler throws besides `MaridError`: a defect. */
  readonly onDefect: (error: unknown, method: string) => void;
}

/** Which process serves where. */
export class SimNetwork {
  readonly #servers = new Map<string, Server>();

  constructor(readonly options: SimNetworkOptions) {}

  /** Serves at an address until the process ends. */
  serve(address: string, process: SimProcess, services: readonly (readonly [DescService, object])[]): void {
    const handlers = new Map(services.map(([service, each]) => [service.typeName, each]));
    this.#servers.set(address, { process, handlers });
    process.onEnd(() => {
      if (this.#servers.get(address)?.process === process) this.#servers.delete(address);
    });
  }

  /** The server at an address, whether or not it runs. */
  serverAt(address: string): Server | null {
    return this.#servers.get(address) ?? null;
  }

  /** A client of the servers at these addresses: it goes on to the next when one does not answer. */
  client<S extends DescService>(service: S, from: SimProcess, addresses: readonly string[]): ServiceClient<S> {
    return clientOf(service, new SimChannel(this, from, addresses));
  }

  /** How long a message takes. */
  travelMs(): number {
    const { random, weather } = this.options;
    const slow = weather.trouble > 0 && random.next() < weather.trouble / 2;
    return random.next() * (slow ? SLOW_TRAVEL_MS : TRAVEL_MS);
  }
}

/** As `FailoverChannel`, over the simulated network. Messages are lost, slow, and come twice. */
class SimChannel implements ClientTransport {
  #current = 0;

  constructor(
    private readonly network: SimNetwork,
    private readonly from: SimProcess,
    private readonly addresses: readonly string[],
  ) {}

  unary(method: DescMethod, request: Message, options: CallOptions): Promise<Message> {
    const call = new SimCall(this.network, this.from, method);
    return new Promise((resolve, reject) => {
      const address = this.#reachable();
      call.begin(options, (outcome) => {
        if ('answer' in outcome) return resolve(outcome.answer);
        if (outcome.error.retryable) this.#leave(address);
        reject(outcome.error);
      });
      if (address === null) call.end({ error: refusal() });
      else call.send(address, request);
    });
  }

  stream(method: DescMethod): AsyncIterator<Message> {
    throw unsupported(method);
  }

  duplex(method: DescMethod): AsyncIterator<Message> {
    throw unsupported(method);
  }

  async upload(method: DescMethod): Promise<Message> {
    throw unsupported(method);
  }

  /** The current address, or the next at which somebody serves. */
  #reachable(): string | null {
    for (let tried = 0; tried < this.addresses.length; tried += 1) {
      const address = this.addresses[this.#current % this.addresses.length];
      if (address !== undefined && this.network.serverAt(address) !== null) return address;
      this.#current += 1;
    }
    return null;
  }

  #leave(address: string | null): void {
    if (address === this.addresses[this.#current % this.addresses.length]) this.#current += 1;
  }
}

type Outcome = { readonly answer: Message } | { readonly error: MaridError };
type Settle = (outcome: Outcome) => void;

/** What a handler finds on its signal once nobody waits for it any more. */
const NOBODY_WAITS = new MaridError('CANCELLED', 'The caller waits no more.');

/** One call, from its beginning to its answer or its end without one. */
class SimCall {
  readonly #releases: (() => void)[] = [];
  readonly #cancelled = new AbortController();
  #settle: Settle | null = null;

  constructor(
    private readonly network: SimNetwork,
    private readonly from: SimProcess,
    private readonly method: DescMethod,
  ) {}

  begin({ signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions, settle: Settle): void {
    this.#settle = settle;
    this.#releases.push(
      this.from.clock.after(timeoutMs, () => this.end({ error: silence() })),
      onAbort(signal, () => this.end({ error: new MaridError('CANCELLED', 'The call was cancelled.') })),
    );
  }

  /** The first end counts. */
  end(outcome: Outcome): void {
    const settle = this.#settle;
    this.#settle = null;
    for (const release of this.#releases.splice(0)) release();
    this.network.options.timeline.at(this.network.travelMs(), () => this.#cancelled.abort(NOBODY_WAITS));
    settle?.(outcome);
  }

  send(address: string, request: Message): void {
    const { timeline, random, weather } = this.network.options;
    const times = random.next() < weather.trouble / 2 ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      if (random.next() < weather.trouble) continue; // lost on its way
      timeline.at(this.network.travelMs(), () => this.#arrive(address, request));
    }
  }

  #arrive(address: string, request: Message): void {
    const server = this.network.serverAt(address);
    if (this.#isCut(server)) return;
    if (server === null) return this.#answer({ error: refusal() });
    const broken = server.process.onEnd(() => this.#answer({ error: refusal() }));
    server.process.dispatch(() => {
      this.#handle(server, request).then(
        (answer) => this.#reply(broken, { answer }, server),
        (error: unknown) => this.#reply(broken, { error: this.#errorOf(error) }, server),
      );
    });
  }

  async #handle({ handlers }: Server, request: Message): Promise<Message> {
    const handler = decodeUnaryHandler(handlers.get(this.method.parent.typeName) ?? {}, this.method);
    return create(this.method.output, await handler(request, { signal: this.#cancelled.signal, peer: this.from.name }));
  }

  #reply(broken: () => void, outcome: Outcome, server: Server): void {
    broken();
    const { random, weather, unanswered } = this.network.options;
    if (unanswered.has(this.from.name) || this.#isCut(server) || random.next() < weather.trouble) return;
    this.#answer(outcome);
  }

  #answer(outcome: Outcome): void {
    this.network.options.timeline.at(this.network.travelMs(), () => {
      this.from.dispatch(() => this.end(outcome));
    });
  }

  #isCut(server: Server | null): boolean {
    const { cut } = this.network.options;
    return cut.has(this.from.name) || (server !== null && cut.has(server.process.name));
  }

  #errorOf(error: unknown): MaridError {
    if (isMaridError(error)) return error;
    this.network.options.onDefect(error, this.method.name);
    return new MaridError('INTERNAL', 'internal error', { cause: error });
  }
}

function unsupported(method: DescMethod): MaridError {
  return new MaridError('UNSUPPORTED', `${method.name} has a stream, which the simulation does not carry.`);
}
