/** Typed clients over anything that can carry messages. */
import { create, type DescMethod, type DescService, type Message } from '@bufbuild/protobuf';
import { MaridError } from '../../core/errors/marid-error.js';
import type { CallOptions, ServiceClient } from '../../proto/rpc/service.js';
import { pathOf, type MessageFields } from './bind-service.js';

/** Carries the calls of a client. Failures are `MaridError`. */
export interface ClientTransport {
  /** One request, one answer. */
  unary(method: DescMethod, request: Message, options: CallOptions): Promise<Message>;
  /** One request, many answers. The call begins with the first step and ends with `return`. */
  stream(method: DescMethod, request: Message, options: CallOptions): AsyncIterator<Message>;
  /** Many requests, one answer. The requests are asked for as fast as they can be sent; their error is the call's. */
  upload(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): Promise<Message>;
}

type Unary = (request: MessageFields, options?: CallOptions) => Promise<Message>;
type Stream = (request: MessageFields, options?: CallOptions) => AsyncIterable<Message>;
type Upload = (requests: AsyncIterable<MessageFields>, options?: CallOptions) => Promise<Message>;
type ClientMethod = Unary | Stream | Upload;

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
    default:
      throw new MaridError('UNSUPPORTED', `${pathOf(method)} streams both ways, which this transport does not.`);
  }
}

/** What the requests throw is what the call throws: it is the caller's own. */
async function upload(
  method: DescMethod,
  transport: ClientTransport,
  requests: AsyncIterable<MessageFields>,
  options: CallOptions,
): Promise<Message> {
  let failure: { readonly error: unknown } | null = null;
  async function* messages(): AsyncGenerator<Message> {
    try {
      for await (const request of requests) yield create(method.input, request);
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  const answered = await Promise.allSettled([transport.upload(method, messages(), options)]);
  refuse(failure);
  const [answer] = answered;
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
}

/** Apart, because the compiler does not see that the messages change it. */
function refuse(failure: { readonly error: unknown } | null): void {
  if (failure !== null) throw failure.error;
}

/** The methods as the typed client, after a check that none is missing. */
function decodeClient<S extends DescService>(service: S, methods: Readonly<Record<string, ClientMethod>>) {
  for (const method of service.methods) {
    if (methods[method.localName] === undefined) throw new MaridError('INTERNAL', `${pathOf(method)} has no client.`);
  }
  return methods as unknown as ServiceClient<S>;
}
