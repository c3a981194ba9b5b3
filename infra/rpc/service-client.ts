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
}

type ClientMethod = (request: MessageFields, options?: CallOptions) => Promise<Message> | AsyncIterable<Message>;

/** A client of a service over a transport. */
export function clientOf<S extends DescService>(service: S, transport: ClientTransport): ServiceClient<S> {
  const methods = service.methods.map((method) => [method.localName, clientMethod(method, transport)] as const);
  return decodeClient(service, Object.fromEntries(methods));
}

function clientMethod(method: DescMethod, transport: ClientTransport): ClientMethod {
  switch (method.methodKind) {
    case 'unary':
      return async (request, options = {}) => transport.unary(method, create(method.input, request), options);
    case 'server_streaming':
      return (request, options = {}) => ({
        [Symbol.asyncIterator]: () => transport.stream(method, create(method.input, request), options),
      });
    default:
      throw new MaridError('UNSUPPORTED', `${pathOf(method)} takes a stream, which this transport does not.`);
  }
}

/** The methods as the typed client, after a check that none is missing. */
function decodeClient<S extends DescService>(service: S, methods: Readonly<Record<string, ClientMethod>>) {
  for (const method of service.methods) {
    if (methods[method.localName] === undefined) throw new MaridError('INTERNAL', `${pathOf(method)} has no client.`);
  }
  return methods as unknown as ServiceClient<S>;
}
