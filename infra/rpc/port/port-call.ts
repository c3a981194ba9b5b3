/** A call over a port, as its client sees it. */
import type { DescMethod, Message } from '@bufbuild/protobuf';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { CallOptions } from '../../../proto/rpc/service.js';
import { SystemClock } from '../../runtime/system-clock.js';
import { pathOf } from '../bind-service.js';
import { cancelled, encodeRequest } from '../client-messages.js';
import { onAbort } from '../until-aborted.js';
import { failureOf, frameOf, isAnsweredOnce, type ClientFrame, type ServerFrame } from './frames.js';
import { PulledMessages } from './pulled-messages.js';

const CLOCK = new SystemClock();

/** What is asked: one request, or requests. */
export interface Question {
  readonly method: DescMethod;
  readonly request?: Message;
  readonly requests?: AsyncIterable<Message>;
  readonly options: CallOptions;
  /** Told of parts of the one answer before it comes. */
  readonly onEarly?: (part: Uint8Array) => void;
}

/** What a call needs of its channel. */
export interface CallLink {
  /** Takes up the call and gives it an id. Throws when the channel is closed. */
  begin(call: PortCall): number;
  post(frame: ClientFrame): void;
  /** The call is over. */
  forget(id: number): void;
}

/** States: *idle* until the first `next`, which begins the call; *open*; *over* after its last answer, an error or `cancel`. */
export class PortCall {
  private readonly answers = new PulledMessages(() => {
    if (this.id === null) this.begin();
    else this.link.post({ kind: 'pull', id: this.id });
  });
  private readonly requests: AsyncIterator<Message> | undefined;
  private id: number | null = null;
  private over = false;
  private releases: readonly (() => void)[] = [];

  constructor(
    private readonly link: CallLink,
    private readonly question: Question,
  ) {
    this.requests = question.requests?.[Symbol.asyncIterator]();
  }

  /** The next answer. */
  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.answers.next();
  }

  /** Takes a frame of the server. */
  take(frame: ServerFrame): void {
    switch (frame.kind) {
      case 'pull':
        void this.send(frame.id);
        return;
      case 'message':
        this.answers.put(frame.bytes);
        if (isAnsweredOnce(this.question.method)) this.end(null);
        return;
      case 'early':
        this.question.onEarly?.(frame.bytes);
        return;
      case 'end':
        this.end(null);
        return;
      case 'fail':
        this.end(failureOf(frame));
    }
  }

  /** Ends it on both sides; `error` is what who waits gets, null the end. */
  cancel(error: MaridError | null): void {
    if (this.id !== null && !this.over) this.link.post({ kind: 'cancel', id: this.id });
    this.end(error);
  }

  /** Ends it here. */
  end(error: MaridError | null): void {
    if (this.over) return;
    this.over = true;
    for (const release of this.releases) release();
    if (this.id !== null) this.link.forget(this.id);
    this.answers.end(error);
    // What requests throw from now on is nobody's: the call has its outcome.
    this.requests?.return?.().catch(() => undefined);
  }

  private begin(): void {
    const { method, request, options } = this.question;
    if (options.signal?.aborted === true) throw cancelled();
    const bytes = request === undefined ? {} : { request: encodeRequest(method, request) };
    this.id = this.link.begin(this);
    this.link.post({ kind: 'call', id: this.id, path: pathOf(method), ...bytes });
    this.releases = [onAbort(options.signal, () => this.cancel(cancelled())), this.limit(options)];
  }

  private limit({ timeoutMs }: CallOptions): () => void {
    if (timeoutMs === undefined) return () => undefined;
    return CLOCK.after(timeoutMs, () =>
      this.cancel(new MaridError('DEADLINE_EXCEEDED', `No answer within ${timeoutMs} ms.`)),
    );
  }

  /** Sends a request that the server asks for. Requests that cannot be read or sent end the call. */
  private async send(id: number): Promise<void> {
    try {
      const step = await this.requests?.next();
      if (this.over || step === undefined) return;
      const { method } = this.question;
      const encoded = step.done === true ? step : { value: encodeRequest(method, step.value) };
      this.link.post(frameOf(id, encoded));
    } catch {
      this.cancel(cancelled());
    }
  }
}
