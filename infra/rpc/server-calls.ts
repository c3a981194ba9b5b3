/** Runs the handlers of a server's calls. */
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerReadableStream,
  ServerWritableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { MaridError } from '../../core/errors/marid-error.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import { publicError } from '../../proto/rpc/public-error.js';
import type { CallContext } from '../../proto/rpc/service.js';
import {
  pathOf,
  type BoundDuplex,
  type BoundMethod,
  type BoundStream,
  type BoundUnary,
  type BoundUpload,
} from './bind-service.js';
import { statusOf, type RpcStatus } from './error-status.js';
import { UNARY_CAP_MS } from './limits.js';
import { AbortableWaits, reasonOf, untilAborted } from './until-aborted.js';

/** What the calls of grpc-js have in common. */
interface ServerCall {
  readonly cancelled: boolean;
  getPeer(): string;
  once(event: 'cancelled', listener: () => void): unknown;
  removeListener(event: 'cancelled', listener: () => void): unknown;
}

/** Calls that take a stream, and calls that answer with one. */
type Asking = ServerReadableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;
type Answering = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** One call that is under way. */
class ActiveCall {
  private readonly controller = new AbortController();
  readonly context: CallContext;

  constructor(
    readonly kind: BoundMethod['kind'],
    peer: string,
  ) {
    this.context = { signal: this.controller.signal, peer };
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  abort(reason: MaridError): void {
    this.controller.abort(reason);
  }
}

/**
 * The calls of one server. A call is active from its first byte until its handler has returned, also when its caller is long gone;
 * `settled` resolves when none is.
 */
export class ServerCalls {
  private readonly active = new Set<ActiveCall>();
  private readonly handlers = new Set<Promise<unknown>>();
  private stopReason: MaridError | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** How many handlers have not returned. */
  get running(): number {
    return this.handlers.size;
  }

  /** grpc-js handler of a method. */
  handlerOf(bound: BoundMethod): UntypedHandleCall {
    switch (bound.kind) {
      case 'unary':
        return this.unary(bound);
      case 'stream':
        return this.stream(bound);
      case 'upload':
        return this.upload(bound);
      case 'duplex':
        return this.duplex(bound);
    }
  }

  private unary(bound: BoundUnary): handleUnaryCall<Buffer, Buffer> {
    return (call, callback) => {
      const { active, end } = this.open(bound, call);
      const answer = this.answer(bound, call.request, active);
      void answer
        .then(
          (response) => {
            callback(null, response);
          },
          (error: unknown) => {
            callback(this.statusFor(error, bound, active));
          },
        )
        .finally(end);
    };
  }

  /** The rest of an upload whose handler is done is not read: the answer ends the call. */
  private upload(bound: BoundUpload): handleClientStreamingCall<Buffer, Buffer> {
    return (call, callback) => {
      const { active, end } = this.open(bound, call);
      const answer = this.track(bound.invoke(decodeChunks(call, active.signal), active.context));
      void untilAborted(answer, active.signal)
        .then(
          (response) => {
            callback(null, asBuffer(response));
          },
          (error: unknown) => {
            callback(this.statusFor(error, bound, active));
          },
        )
        .finally(end);
    };
  }

  private stream(bound: BoundStream): handleServerStreamingCall<Buffer, Buffer> {
    return (call) => {
      this.send(bound, call, ({ context }) => bound.invoke(call.request, context));
    };
  }

  private duplex(bound: BoundDuplex): handleBidiStreamingCall<Buffer, Buffer> {
    return (call) => {
      this.send(bound, call, ({ context, signal }) => bound.invoke(decodeChunks(call, signal), context));
    };
  }

  private send(bound: BoundMethod, call: Answering, begin: (active: ActiveCall) => AsyncIterator<Uint8Array>): void {
    const { active, end } = this.open(bound, call);
    void this.track(this.pump(bound, call, active, begin))
      .then(
        () => call.end(),
        (error: unknown) => call.emit('error', asError(this.statusFor(error, bound, active))),
      )
      .finally(end);
  }

  /** Ends the streams, those of now and those to come: they abort with `reason`, which their callers get as status. */
  endStreams(reason: MaridError): void {
    this.stopReason = reason;
    for (const call of this.active) if (call.kind !== 'unary') call.abort(reason);
  }

  /** Ends every call. */
  endAll(reason: MaridError): void {
    for (const call of this.active) call.abort(reason);
  }

  /** Resolves when all handlers have returned. */
  async settled(): Promise<void> {
    while (this.handlers.size > 0) await Promise.allSettled(this.handlers);
  }

  private open(bound: BoundMethod, call: ServerCall): { readonly active: ActiveCall; readonly end: () => void } {
    const active = new ActiveCall(bound.kind, call.getPeer());
    const onCancelled = (): void => {
      active.abort(new MaridError('CANCELLED', 'The caller cancelled the call, or its deadline passed.'));
    };
    this.active.add(active);
    if (call.cancelled) onCancelled();
    else call.once('cancelled', onCancelled);
    if (bound.kind !== 'unary' && this.stopReason !== null) active.abort(this.stopReason);
    const end = (): void => {
      call.removeListener('cancelled', onCancelled);
      this.active.delete(active);
    };
    return { active, end };
  }

  private async answer(bound: BoundUnary, request: Buffer, active: ActiveCall): Promise<Buffer> {
    const cancelCap = this.clock.after(UNARY_CAP_MS, () => {
      const text = `${pathOf(bound.method)} took longer than ${UNARY_CAP_MS} ms, the server's limit.`;
      active.abort(new MaridError('DEADLINE_EXCEEDED', text));
    });
    try {
      const response = this.track(bound.invoke(request, active.context));
      return asBuffer(await untilAborted(response, active.signal));
    } finally {
      cancelCap();
    }
  }

  private async pump(
    bound: BoundMethod,
    call: Answering,
    active: ActiveCall,
    begin: (active: ActiveCall) => AsyncIterator<Uint8Array>,
  ): Promise<void> {
    const messages = begin(active);
    const waits = new AbortableWaits(active.signal);
    let step: Promise<unknown> = Promise.resolve();
    let finished = false;
    try {
      for (;;) {
        const next = messages.next();
        step = next;
        const result = await waits.until(next);
        finished = result.done === true;
        if (result.done === true) break;
        if (!call.write(asBuffer(result.value))) await waits.until(drained(call));
      }
    } finally {
      waits.close();
      if (!finished) this.release(bound, messages, step, active);
    }
    // A handler that ends because the server stops has not told everything: its caller must know.
    if (active.signal.aborted) throw reasonOf(active.signal);
  }

  /** A `step` that is under way goes on without its caller. */
  private release(
    bound: BoundMethod,
    messages: AsyncIterator<Uint8Array>,
    step: Promise<unknown>,
    active: ActiveCall,
  ): void {
    void this.track(step);
    const released = this.track(Promise.resolve(messages.return?.()));
    released.catch((error: unknown) => {
      const fields = { error, method: pathOf(bound.method), peer: active.context.peer };
      this.logger.warn(fields, 'stream failed while it was released');
    });
  }

  private track<T>(handler: Promise<T>): Promise<T> {
    this.handlers.add(handler);
    const forget = (): void => {
      this.handlers.delete(handler);
    };
    handler.then(forget, forget);
    return handler;
  }

  private statusFor(error: unknown, bound: BoundMethod, active: ActiveCall): RpcStatus {
    const failure = active.signal.aborted ? reasonOf(active.signal) : error;
    const { logger } = this;
    return statusOf(publicError(failure, { logger, method: pathOf(bound.method), peer: active.context.peer }));
  }
}

function drained(call: Answering): Promise<void> {
  return new Promise((resolve) => {
    call.once('drain', resolve);
  });
}

/** The stream's chunks, which are what its deserializer returns: buffers. An upload that was cut off throws instead of ending. */
async function* decodeChunks(call: Asking, signal: AbortSignal): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<unknown> = call.iterator({ destroyOnReturn: false }); // answers may follow the last request
  const waits = new AbortableWaits(signal);
  try {
    for (;;) {
      const step = await waits.until(chunks.next());
      if (signal.aborted) throw reasonOf(signal);
      if (step.done === true) return;
      yield step.value as Buffer;
    }
  } finally {
    waits.close();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asError(status: RpcStatus): Error {
  return Object.assign(new Error(status.details), status);
}
