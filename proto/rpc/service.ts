/**
 * The seam between Marid's services and the transport: typed handlers and clients for the generated services. The transports (grpc-js, and
 * ports between threads, in `infra/rpc`) implement it; services and workers know only these types.
 */
import type {
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';

/** What a handler knows of its call. */
export interface CallContext {
  /** Aborts when the caller cancels, its deadline passes or the server ends streams. */
  readonly signal: AbortSignal;
  /** Address of the caller, for the log. */
  readonly peer: string;
}

/** The same of a call with one answer, an `A`. */
export interface UnaryContext<A> extends CallContext {
  /** Tells at once of a part of the answer, which will have it again; does nothing when the call is over. Absent: the caller is no thread of this process. */
  readonly sendEarly?: (part: A) => void;
}

/** What a caller may set for one call. */
export interface CallOptions {
  /** Cancels the call. Default: none. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED. Default: 30,000 for unary calls, none for streams. */
  readonly timeoutMs?: number;
}

/** The same for a call with one answer, an `A`. */
export interface UnaryOptions<A> extends CallOptions {
  /** Told of parts of the answer before it comes, by services of this process. Must not throw. */
  readonly onEarly?: (part: A) => void;
}

/** The handlers of a service: a promise for one answer, an async iterable for many; many requests come as an async iterable. They throw `MaridError`.
 * Requests that their sender broke off may look like their end (grpc-js tells of the cut later): messages must say themselves when they are whole. */
export type ServiceHandlers<S extends DescService> = {
  readonly [M in keyof S['method']]: S['method'][M] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, context: UnaryContext<MessageInitShape<O>>) => Promise<MessageInitShape<O>>
    : S['method'][M] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
      : S['method'][M] extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageShape<I>>, context: CallContext) => Promise<MessageInitShape<O>>
        : S['method'][M] extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: AsyncIterable<MessageShape<I>>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
          : never;
};

/** A client of a service. Failed calls reject (or throw while iterating) with `MaridError`. */
export type ServiceClient<S extends DescService> = {
  readonly [M in keyof S['method']]: S['method'][M] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: UnaryOptions<MessageShape<O>>) => Promise<MessageShape<O>>
    : S['method'][M] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : S['method'][M] extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageInitShape<I>>, options?: CallOptions) => Promise<MessageShape<O>>
        : S['method'][M] extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: AsyncIterable<MessageInitShape<I>>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
          : never;
};
