/** Clients of handlers in the same process: no sockets and no bytes, but the same defaults and errors. */
import { create, type DescMethod, type DescService, type Message } from '@bufbuild/protobuf';
import { isMaridError, MaridError } from '../../core/errors/marid-error.js';
import type { Logger } from '../../core/ports/logger.js';
import { publicError } from '../../proto/rpc/public-error.js';
import type { CallContext, CallOptions, ServiceClient, ServiceHandlers } from '../../proto/rpc/service.js';
import {
  decodeDuplexHandler,
  decodeStreamHandler,
  decodeUnaryHandler,
  decodeUploadHandler,
  pathOf,
  type MessageFields,
} from './bind-service.js';
import { errorOf, statusOf } from './error-status.js';
import { clientOf, type ClientTransport } from './service-client.js';
import { onAbort, untilAborted } from './until-aborted.js';

const PEER = 'in-process';

/** Options of `createInProcessClient`. */
export interface InProcessOptions {
  /** Gets what handlers throw besides `MaridError`. Default: none; such errors carry it as their cause. */
  readonly logger?: Logger;
}

/**
 * A client that calls handlers directly. Errors are as over the wire: bounded, and anything but a `MaridError` is `INTERNAL`. There is no
 * deadline unless the caller sets one, since nothing can be lost on the way.
 */
export function createInProcessClient<S extends DescService>(
  service: S,
  handlers: ServiceHandlers<S>,
  options: InProcessOptions = {},
): ServiceClient<S> {
  return clientOf(service, new InProcessTransport(handlers, options));
}

class InProcessTransport implements ClientTransport {
  constructor(
    private readonly handlers: object,
    private readonly options: InProcessOptions,
  ) {}

  unary(method: DescMethod, request: Message, options: CallOptions): Promise<Message> {
    return this.answer(method, options, (context) => decodeUnaryHandler(this.handlers, method)(request, context));
  }

  upload(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): Promise<Message> {
    return this.answer(method, options, (context) => decodeUploadHandler(this.handlers, method)(requests, context));
  }

  private async answer(
    method: DescMethod,
    options: CallOptions,
    ask: (context: CallContext) => Promise<MessageFields>,
  ): Promise<Message> {
    const call = new InProcessCall(options);
    try {
      const answer = ask(call.context);
      return create(method.output, await untilAborted(answer, call.context.signal));
    } catch (error) {
      throw this.errorFor(error, method);
    } finally {
      call.end();
    }
  }

  stream(method: DescMethod, request: Message, options: CallOptions): AsyncIterator<Message> {
    return this.answers(method, options, (context) => decodeStreamHandler(this.handlers, method)(request, context));
  }

  duplex(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): AsyncIterator<Message> {
    return this.answers(method, options, (context) => decodeDuplexHandler(this.handlers, method)(requests, context));
  }

  private answers(
    method: DescMethod,
    options: CallOptions,
    ask: (context: CallContext) => AsyncIterator<MessageFields>,
  ): AsyncIterator<Message> {
    const call = new InProcessCall(options);
    let messages: AsyncIterator<MessageFields> | null = null;
    let over = false;
    const finish = (): IteratorReturnResult<undefined> => {
      over = true;
      call.end();
      return { done: true, value: undefined };
    };
    return {
      next: async () => {
        if (over) return finish();
        try {
          messages ??= ask(call.context);
          const step = await untilAborted(messages.next(), call.context.signal);
          return step.done === true ? finish() : { value: create(method.output, step.value) };
        } catch (error) {
          if (over) return finish();
          finish();
          this.release(messages, method);
          throw this.errorFor(error, method);
        }
      },
      return: async () => {
        finish();
        call.abort(new MaridError('CANCELLED', 'The caller cancelled the call.'));
        this.release(messages, method);
        return { done: true, value: undefined };
      },
    };
  }

  private release(messages: AsyncIterator<MessageFields> | null, method: DescMethod): void {
    const released = Promise.resolve(messages?.return?.());
    released.catch((error: unknown) => {
      this.options.logger?.warn({ error, method: pathOf(method), peer: PEER }, 'stream failed while it was released');
    });
  }

  private errorFor(error: unknown, method: DescMethod): MaridError {
    const { logger } = this.options;
    if (isMaridError(error) || logger !== undefined) {
      const known = logger === undefined ? error : publicError(error, { logger, method: pathOf(method), peer: PEER });
      if (isMaridError(known)) return errorOf(statusOf(known), PEER);
    }
    return new MaridError('INTERNAL', 'internal error', { cause: error });
  }
}

/** The signal of one call. */
class InProcessCall {
  private readonly controller = new AbortController();
  private readonly unlisten: readonly (() => void)[];
  readonly context: CallContext;

  constructor(options: CallOptions) {
    this.context = { signal: this.controller.signal, peer: PEER };
    const deadline = options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs);
    this.unlisten = [
      onAbort(options.signal, () => {
        this.abort(new MaridError('CANCELLED', 'The call was cancelled.'));
      }),
      onAbort(deadline, () => {
        this.abort(new MaridError('DEADLINE_EXCEEDED', `No answer within ${options.timeoutMs} ms.`));
      }),
    ];
  }

  abort(reason: MaridError): void {
    this.controller.abort(reason);
  }

  end(): void {
    for (const each of this.unlisten) each();
  }
}
