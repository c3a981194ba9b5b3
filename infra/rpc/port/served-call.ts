/** A call over a port, as its server sees it. */
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Logger } from '../../../core/ports/logger.js';
import { publicError } from '../../../proto/rpc/public-error.js';
import { pathOf, type BoundMethod } from '../bind-service.js';
import { failFrame, frameOf, isAnsweredOnce, type CallFrame, type ClientFrame, type ServerFrame } from './frames.js';
import { PulledMessages } from './pulled-messages.js';

const PEER = 'in-process';

/** What a `ServedCall` is made of. */
export interface ServedCallOptions {
  readonly id: number;
  readonly bound: BoundMethod;
  /** The one request, if the method takes one. */
  readonly request: Uint8Array | undefined;
  readonly logger: Logger;
  readonly post: (frame: ServerFrame) => void;
  /** Called once when the call is over. */
  readonly forget: () => void;
}

/** States: *open*; *over* after its last answer, when its handler fails, by `cancel` or `stop`. */
export class ServedCall {
  private readonly controller = new AbortController();
  private readonly requests = new PulledMessages(() => this.options.post({ kind: 'pull', id: this.options.id }));
  private answers: AsyncIterator<Uint8Array> | null = null;
  private over = false;

  constructor(private readonly options: ServedCallOptions) {}

  /** Takes a frame of the client. */
  take(frame: Exclude<ClientFrame, CallFrame>): void {
    switch (frame.kind) {
      case 'pull':
        void this.answer();
        return;
      case 'message':
        this.requests.put(frame.bytes);
        return;
      case 'end':
        this.requests.end(null);
        return;
      case 'cancel':
        this.cancel();
    }
  }

  /** Sends the next answer, the first time after it has called the handler. */
  async answer(): Promise<void> {
    const { id, post, bound } = this.options;
    try {
      this.answers ??= this.invoke();
      const step = await this.answers.next();
      if (this.over) return;
      post(frameOf(id, step));
      if (step.done === true || isAnsweredOnce(bound.method)) this.end();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The caller has no more interest. */
  cancel(): void {
    this.abort(new MaridError('CANCELLED', 'The caller cancelled the call, or its deadline passed.'));
  }

  /** Ends it on both sides. */
  stop(reason: MaridError): void {
    this.fail(reason);
    this.abort(reason);
  }

  private invoke(): AsyncIterator<Uint8Array> {
    const { bound, request = new Uint8Array() } = this.options;
    const context = { signal: this.controller.signal, peer: PEER };
    switch (bound.kind) {
      case 'unary':
        return only(bound.invoke(request, { ...context, sendEarly: (part) => this.sendEarly(part) }));
      case 'upload':
        return only(bound.invoke(this.requests, context));
      case 'stream':
        return bound.invoke(request, context);
      case 'duplex':
        return bound.invoke(this.requests, context);
    }
  }

  private sendEarly(bytes: Uint8Array): void {
    const { id, post } = this.options;
    if (!this.over) post({ kind: 'early', id, bytes });
  }

  private fail(error: unknown): void {
    if (this.over) return;
    const { id, post, bound, logger } = this.options;
    post(failFrame(id, publicError(error, { logger, method: pathOf(bound.method), peer: PEER })));
    this.end();
    this.release();
  }

  private abort(reason: MaridError): void {
    this.controller.abort(reason);
    this.requests.end(reason);
    if (this.over) return;
    this.end();
    this.release();
  }

  private end(): void {
    this.over = true;
    this.options.forget();
  }

  /** A step that is under way goes on without its caller. */
  private release(): void {
    const { bound, logger } = this.options;
    this.answers?.return?.().catch((error: unknown) => {
      const fields = { error, method: pathOf(bound.method), peer: PEER };
      logger.warn(fields, 'stream failed while it was released');
    });
  }
}

function only(answer: Promise<Uint8Array>): AsyncIterator<Uint8Array> {
  return { next: async () => ({ value: await answer }) };
}
