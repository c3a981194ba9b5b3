/** Typed clients over anything that can carry messages. */
import { create, type DescMethod, type DescService, type Message } from '@bufbuild/protobuf';
import { MaridError } from '../../core/errors/marid-error.js';
import type { CallOptions, ServiceClient, UnaryOptions } from '../../proto/rpc/service.js';
import { pathOf, type MessageFields } from './bind-service.js';

/** Carries the calls of a client. Failures are `MaridError`. */
export interface ClientTransport {
  /** One request, one answer. */
  unary(method: DescMethod, request: Message, options: UnaryOptions<Message>): Promise<Message>;
  /** One request, many answers. The call begins with the first step and ends with `return`. */
  stream(method: DescMethod, request: Message, options: CallOptions): AsyncIterator<Message>;
  /** Many requests, one answer. The requests are asked for as fast as they can be sent; their error is the call's. */
  upload(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): Promise<Message>;
  /** Many requests, many answers. Begins and ends as `stream`, takes requests as `upload`. */
  duplex(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): AsyncIterator<Message>;
}

type Unary = (request: MessageFields, options?: UnaryOptions<Message>) => Promise<Message>;
type Stream = (request: MessageFields, options?: CallOptions) => AsyncIterable<Message>;
type Upload = (requests: AsyncIterable<MessageFields>, options?: CallOptions) => Promise<Message>;
type Duplex = (requests: AsyncIterable<MessageFields>, options?: CallOptions) => AsyncIterable<Message>;
type ClientMethod = Unary | Stream | Upload | Duplex;

/** A client of a service over a transport. */
export function clientOf<S extends DescService>(service: S, transport: ClientTransport): ServiceClient<S> {
  const methods = service.methods.map((method) => [method.localName, clientMethod(method, transport)] as const);
  return decodeClient(service, Object.fromEntries(methods));
}

function clientMethod(method: DescMethod, transport: ClientTransport): ClientMethod {
  switch (method.methodKind) {
    case 'unary':
      return async (request: MessageFields, options = {}) =>
        transport.unary(method, create(method.input, request), options);
    case 'server_streaming':
      return (request: MessageFields, options = {}) => ({
        [Symbol.asyncIterator]: () => transport.stream(method, create(method.input, request), options),
      });
    case 'client_streaming':
      return (requests: AsyncIterable<MessageFields>, options = {}) => upload(method, transport, requests, options);
    case 'bidi_streaming':
      return (requests: AsyncIterable<MessageFields>, options = {}) => ({
        [Symbol.asyncIterator]: () => duplex(method, transport, requests, options),
      });
  }
}

/** What the requests throw is what the call throws: it is the caller's own. */
async function upload(
  method: DescMethod,
  transport: ClientTransport,
  requests: AsyncIterable<MessageFields>,
  options: CallOptions,
): Promise<Message> {
  const own = new OwnRequests(method, requests);
  const answered = await Promise.allSettled([transport.upload(method, own, options)]);
  own.refuse();
  const [answer] = answered;
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
}

function duplex(
  method: DescMethod,
  transport: ClientTransport,
  requests: AsyncIterable<MessageFields>,
  options: CallOptions,
): AsyncIterator<Message> {
  const own = new OwnRequests(method, requests);
  const answers = transport.duplex(method, own, options);
  return {
    next: async () => {
      try {
        return await answers.next();
      } catch (error) {
        own.refuse();
        throw error;
      }
    },
    return: async () => (await answers.return?.()) ?? { done: true, value: undefined },
  };
}

/** The caller's requests as messages. What they throw is kept. */
class OwnRequests implements AsyncIterable<Message> {
  private failure: { readonly error: unknown } | null = null;

  constructor(
    private readonly method: DescMethod,
    private readonly requests: AsyncIterable<MessageFields>,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Message> {
    try {
      for await (const request of this.requests) yield create(this.method.input, request);
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }

  /** Throws what the requests have thrown. */
  refuse(): void {
    if (this.failure !== null) throw this.failure.error;
  }
}

/** The methods as the typed client, after a check that none is missing. */
function decodeClient<S extends DescService>(service: S, methods: Readonly<Record<string, ClientMethod>>) {
  for (const method of service.methods) {
    if (methods[method.localName] === undefined) throw new MaridError('INTERNAL', `${pathOf(method)} has no client.`);
  }
  return methods as unknown as ServiceClient<S>;
}
