/** The answers of a streaming call, pulled one by one. */
import type { Message } from '@bufbuild/protobuf';
import type { ClientDuplexStream, ClientReadableStream, ServiceError } from '@grpc/grpc-js';

type Answered = ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>;

/** What a `ClientStream` is made of. */
export interface ClientStreamOptions {
  /** Begins the call; `forget` is called once when it has ended. */
  readonly open: () => { readonly call: Answered; readonly forget: () => void };
  /** Reads an answer. */
  readonly decode: (bytes: Buffer) => Message;
  /** What to throw for a failed call. */
  readonly errorFor: (error: ServiceError) => Error;
}

/**
 * Iterates over a streaming call.
 *
 * States: *idle* until the first `next`, which begins the call; *open*: the call reads ahead a few messages and then waits, so that a slow
 * reader holds the sender back; *over* after the last message, an error, or `return`, which cancels at once, also while a `next` waits.
 */
export class ClientStream implements AsyncIterator<Message> {
  private call: Answered | null = null;
  private bytes: AsyncIterator<Buffer> | null = null;
  private failure: ServiceError | null = null;
  private returned = false;

  constructor(private readonly options: ClientStreamOptions) {}

  async next(): Promise<IteratorResult<Message>> {
    if (this.returned) return { done: true, value: undefined };
    this.bytes ??= this.begin();
    try {
      const step = await this.bytes.next();
      if (step.done !== true) return { value: this.options.decode(step.value) };
    } catch (error) {
      if (!this.isOver()) throw this.failure === null ? error : this.options.errorFor(this.failure);
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Message>> {
    this.returned = true;
    this.call?.cancel();
    return { done: true, value: undefined };
  }

  private isOver(): boolean {
    return this.returned;
  }

  private begin(): AsyncIterator<Buffer> {
    const { call, forget } = this.options.open();
    // Stays to the end: an error that nobody listens to would end the process.
    call.on('error', (error: ServiceError) => {
      this.failure = error;
    });
    call.once('status', forget);
    this.call = call;
    return decodeIterator(call[Symbol.asyncIterator]());
  }
}

/** The stream's chunks, which are what its deserializer returns: buffers. */
function decodeIterator(chunks: AsyncIterator<unknown>): AsyncIterator<Buffer> {
  return chunks as AsyncIterator<Buffer>;
}
