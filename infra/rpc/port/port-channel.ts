/** Clients of services in another thread of this process. */
import type { MessagePort } from 'node:worker_threads';
import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import type { CallOptions, ServiceClient, UnaryOptions } from '../../../proto/rpc/service.js';
import { channelClosed, decodeResponse } from '../client-messages.js';
import type { ServiceChannel } from '../failover-channel.js';
import { DEFAULT_UNARY_TIMEOUT_MS } from '../limits.js';
import { clientOf, type ClientTransport } from '../service-client.js';
import type { ServerFrame } from './frames.js';
import { PortCall, type Question } from './port-call.js';

/** A channel to the `PortServer` at the other end of a port, which becomes this channel's. States: *open*; *closed* by `close` or from the other end: calls under way end, later ones fail with `UNAVAILABLE`. */
export class PortChannel implements ClientTransport, ServiceChannel {
  /** Who is called. */
  readonly address = 'this process';
  private readonly calls = new Map<number, PortCall>();
  private lastId = 0;
  private closed = false;

  constructor(private readonly port: MessagePort) {
    port.on('message', (frame: ServerFrame) => this.calls.get(frame.id)?.take(frame));
    port.once('close', () => this.endCalls());
  }

  /** A client of a service. */
  client<S extends DescService>(service: S): ServiceClient<S> {
    return clientOf(service, this);
  }

  /** Ends all calls; idempotent. */
  async close(): Promise<void> {
    this.endCalls();
    this.port.close();
  }

  /** Implements `ClientTransport`. */
  unary(method: DescMethod, request: Message, options: UnaryOptions<Message>): Promise<Message> {
    const { timeoutMs = DEFAULT_UNARY_TIMEOUT_MS, onEarly } = options;
    const early = onEarly === undefined ? {} : { onEarly: (part: Uint8Array) => onEarly(decodeResponse(method, part)) };
    return this.answer({ method, request, options: { ...options, timeoutMs }, ...early });
  }

  /** Implements `ClientTransport`. */
  upload(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): Promise<Message> {
    return this.answer({ method, requests, options });
  }

  /** Implements `ClientTransport`. */
  stream(method: DescMethod, request: Message, options: CallOptions): AsyncIterator<Message> {
    return this.answers({ method, request, options });
  }

  /** Implements `ClientTransport`. */
  duplex(method: DescMethod, requests: AsyncIterable<Message>, options: CallOptions): AsyncIterator<Message> {
    return this.answers({ method, requests, options });
  }

  private async answer(question: Question): Promise<Message> {
    const { value } = await this.ask(question).next();
    return decodeResponse(question.method, value);
  }

  private answers(question: Question): AsyncIterator<Message> {
    const call = this.ask(question);
    return {
      next: async () => {
        const step = await call.next();
        return step.done === true ? step : { value: decodeResponse(question.method, step.value) };
      },
      return: async () => {
        call.cancel(null);
        return { done: true, value: undefined };
      },
    };
  }

  private ask(question: Question): PortCall {
    return new PortCall(
      {
        begin: (call) => this.take(call),
        post: (frame) => this.port.postMessage(frame),
        forget: (id) => this.calls.delete(id),
      },
      question,
    );
  }

  private take(call: PortCall): number {
    if (this.closed) throw channelClosed(this.address);
    this.lastId += 1;
    this.calls.set(this.lastId, call);
    return this.lastId;
  }

  private endCalls(): void {
    this.closed = true;
    for (const call of this.calls.values()) call.end(channelClosed(this.address));
  }
}
