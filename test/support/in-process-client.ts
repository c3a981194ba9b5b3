/** Clients of handlers in the same process: no sockets and no bytes, but the same defaults and errors. */
import { create, type DescMethod, type DescService, type Message } from '@bufbuild/protobuf';
import { isMaridError, MaridError } from '../../core/errors/marid-error.js';
import type {
  CallContext,
  CallOptions,
  ServiceClient,
  ServiceHandlers,
  UnaryOptions,
} from '../../proto/rpc/service.js';
import {
  decodeDuplexHandler,
  decodeStreamHandler,
  decodeUnaryHandler,
  decodeUploadHandler,
  type MessageFields,
} from '../../infra/rpc/bind-service.js';
import { errorOf, statusOf } from '../../infra/rpc/error-status.js';
import { clientOf, type ClientTransport } from '../../infra/rpc/service-client.js';
import { onAbort, untilAborted } from '../../infra/rpc/until-aborted.js';

const PEER = 'in-process';

/**
 * A client that calls handlers directly. Errors are as over the wire: bounded, and anything but a `MaridError` is `INTERNAL`. There is no
 * deadline unless the caller sets one, since nothing can be lost on the way. `early`: whether handlers can tell of parts of an answer early, as to a thread of their process.
 */
export function createInProcessClient<S extends DescService>(
  service: S,
  handlers: ServiceHandlers<S>,
  { early = false }: { readonly early?: boolean } = {},
): ServiceClient<S> {
  return clientOf(service, new InProcessTransport(handlers, early));
}

class InProcessTransport implements ClientTransport {
  constructor(
    private readonly handlers: object,
    private readonly early: boolean,
  ) {}

  unary(method: DescMethod, request: Message, options: UnaryOptions<Message>): Promise<Message> {
    const sendEarly = (part: MessageFields): void => options.onEarly?.(create(method.output, part));
    const more = this.early ? { sendEarly } : {};
    const handler = decodeUnaryHandler(this.handlers, method);
    return this.answer(method, options, (context) => handler(request, { ...context, ...more }));
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
      throw errorFor(error);
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
          release(messages);
          throw errorFor(error);
        }
      },
      return: async () => {
        finish();
        call.abort(new MaridError('CANCELLED', 'The caller cancelled the call.'));
        release(messages);
        return { done: true, value: undefined };
      },
    };
  }
}

function errorFor(error: unknown): MaridError {
  if (isMaridError(error)) return errorOf(statusOf(error), PEER);
  return new MaridError('INTERNAL', 'internal error', { cause: error });
}

function release(messages: AsyncIterator<MessageFields> | null): void {
  Promise.resolve(messages?.return?.()).catch(() => undefined);
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
