/** A service with its handlers, brought down to bytes in and bytes out: all that a transport needs to know. */
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type DescService,
  type Message,
} from '@bufbuild/protobuf';
import { MaridError } from '../../core/errors/marid-error.js';
import { encodedAhead } from '../../proto/rpc/encode-ahead.js';
import type { CallContext, ServiceHandlers, UnaryContext } from '../../proto/rpc/service.js';

/** A method that answers once. */
export interface BoundUnary {
  readonly kind: 'unary';
  readonly method: DescMethod;
  /** Rejects with what the handler threw, or `INVALID_ARGUMENT` when the bytes are no request. */
  invoke(request: Uint8Array, context: UnaryContext<Uint8Array>): Promise<Uint8Array>;
}

/** A method that answers with a stream. */
export interface BoundStream {
  readonly kind: 'stream';
  readonly method: DescMethod;
  /** Throws as `BoundUnary` does, on the first step. */
  invoke(request: Uint8Array, context: CallContext): AsyncIterator<Uint8Array>;
}

/** A method that takes a stream and answers once. */
export interface BoundUpload {
  readonly kind: 'upload';
  readonly method: DescMethod;
  /** Rejects as `BoundUnary` does. The handler may answer before the last request. */
  invoke(requests: AsyncIterable<Uint8Array>, context: CallContext): Promise<Uint8Array>;
}

/** A method that takes a stream and answers with one. */
export interface BoundDuplex {
  readonly kind: 'duplex';
  readonly method: DescMethod;
  /** Throws as `BoundUnary` does, on any step. Ending it early leaves the requests alone. */
  invoke(requests: AsyncIterable<Uint8Array>, context: CallContext): AsyncIterator<Uint8Array>;
}

/** A method with its handler. */
export type BoundMethod = BoundUnary | BoundStream | BoundUpload | BoundDuplex;

/** A service with its handlers. */
export interface BoundService {
  readonly descriptor: DescService;
  readonly methods: readonly BoundMethod[];
}

/** The fields of a message that is to be made. */
export type MessageFields = Record<string, unknown>;

/** Binds handlers to a service. Throws `INTERNAL` for a method without handler. */
export function bindService<S extends DescService>(descriptor: S, handlers: ServiceHandlers<S>): BoundService {
  return { descriptor, methods: descriptor.methods.map((method) => bindMethod(method, handlers)) };
}

/** The handler of a unary method. Throws `INTERNAL` when there is none. */
export function decodeUnaryHandler(
  handlers: object,
  method: DescMethod,
): (request: Message, context: UnaryContext<MessageFields>) => Promise<MessageFields> {
  const handler = handlerOf(handlers, method);
  return async (request, context) => (await Reflect.apply(handler, handlers, [request, context])) as MessageFields;
}

/** The handler of a streaming method. Throws `INTERNAL` when there is none. */
export function decodeStreamHandler(
  handlers: object,
  method: DescMethod,
): (request: Message, context: CallContext) => AsyncIterator<MessageFields> {
  const handler = handlerOf(handlers, method);
  return (request, context) => {
    const iterable = Reflect.apply(handler, handlers, [request, context]) as AsyncIterable<MessageFields>;
    return iterable[Symbol.asyncIterator]();
  };
}

/** The handler of a method that streams both ways. Throws `INTERNAL` when there is none. */
export function decodeDuplexHandler(
  handlers: object,
  method: DescMethod,
): (requests: AsyncIterable<Message>, context: CallContext) => AsyncIterator<MessageFields> {
  const handler = handlerOf(handlers, method);
  return (requests, context) => {
    const iterable = Reflect.apply(handler, handlers, [requests, context]) as AsyncIterable<MessageFields>;
    return iterable[Symbol.asyncIterator]();
  };
}

/** The handler of a method that takes a stream. Throws `INTERNAL` when there is none. */
export function decodeUploadHandler(
  handlers: object,
  method: DescMethod,
): (requests: AsyncIterable<Message>, context: CallContext) => Promise<MessageFields> {
  const handler = handlerOf(handlers, method);
  return async (requests, context) => (await Reflect.apply(handler, handlers, [requests, context])) as MessageFields;
}

/** Path of a method in gRPC. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function bindMethod(method: DescMethod, handlers: object): BoundMethod {
  switch (method.methodKind) {
    case 'unary':
      return bindUnary(method, handlers);
    case 'server_streaming':
      return bindStream(method, handlers);
    case 'client_streaming':
      return bindUpload(method, handlers);
    case 'bidi_streaming':
      return bindDuplex(method, handlers);
  }
}

function bindUnary(method: DescMethod, handlers: object): BoundUnary {
  const handler = decodeUnaryHandler(handlers, method);
  return {
    kind: 'unary',
    method,
    invoke: async (request, context) =>
      encode(method.output, await handler(decodeRequest(method, request), ofMessages(method, context))),
  };
}

/** A call as its handler sees it. */
function ofMessages(method: DescMethod, context: UnaryContext<Uint8Array>): UnaryContext<MessageFields> {
  const { sendEarly, ...rest } = context;
  return sendEarly === undefined ? rest : { ...rest, sendEarly: (part) => sendEarly(encode(method.output, part)) };
}

function bindStream(method: DescMethod, handlers: object): BoundStream {
  const handler = decodeStreamHandler(handlers, method);
  return {
    kind: 'stream',
    method,
    invoke: (request, context) => encodeAll(method, handler(decodeRequest(method, request), context)),
  };
}

function bindDuplex(method: DescMethod, handlers: object): BoundDuplex {
  const handler = decodeDuplexHandler(handlers, method);
  return {
    kind: 'duplex',
    method,
    invoke: (requests, context) => encodeAll(method, handler(decodeRequests(method, requests), context)),
  };
}

function encodeAll(method: DescMethod, messages: AsyncIterator<MessageFields>): AsyncIterator<Uint8Array> {
  return {
    next: async () => {
      const step = await messages.next();
      return step.done === true ? { done: true, value: undefined } : { value: encode(method.output, step.value) };
    },
    return: async () => {
      await messages.return?.();
      return { done: true, value: undefined };
    },
  };
}

function bindUpload(method: DescMethod, handlers: object): BoundUpload {
  const handler = decodeUploadHandler(handlers, method);
  return {
    kind: 'upload',
    method,
    invoke: async (requests, context) =>
      encode(method.output, await handler(decodeRequests(method, requests), context)),
  };
}

async function* decodeRequests(method: DescMethod, requests: AsyncIterable<Uint8Array>): AsyncGenerator<Message> {
  for await (const request of requests) yield decodeRequest(method, request);
}

function handlerOf(handlers: object, method: DescMethod): (...args: unknown[]) => unknown {
  const handler: unknown = Reflect.get(handlers, method.localName);
  if (!isFunction(handler)) throw new MaridError('INTERNAL', `${pathOf(method)} has no handler.`);
  return handler;
}

function isFunction(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === 'function';
}

function decodeRequest(method: DescMethod, bytes: Uint8Array): Message {
  try {
    // A plain view, so that `bytes` fields are Uint8Array and not Buffer.
    return fromBinary(method.input, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    throw new MaridError('INVALID_ARGUMENT', `The request of ${pathOf(method)} is not a ${method.input.typeName}.`);
  }
}

function encode(schema: DescMessage, fields: MessageFields): Uint8Array {
  return encodedAhead(fields) ?? toBinary(schema, create(schema, fields));
}
