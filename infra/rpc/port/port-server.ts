/** Services for another thread of this process. */
import type { MessagePort } from 'node:worker_threads';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Logger } from '../../../core/ports/logger.js';
import { pathOf, type BoundMethod, type BoundService } from '../bind-service.js';
import { failFrame, type CallFrame, type ClientFrame } from './frames.js';
import { ServedCall } from './served-call.js';

/** Options of `PortServer`. */
export interface PortServerOptions {
  /** One end of a port; it becomes the server's. */
  readonly port: MessagePort;
  readonly services: readonly BoundService[];
  readonly logger: Logger;
}

/** Serves the `PortChannel` at the other end of a port. States: *serving*; *closed* by `close`, which ends its calls with `UNAVAILABLE`, or from the other end, which cancels them. */
export class PortServer {
  private readonly calls = new Map<number, ServedCall>();
  private readonly methods: ReadonlyMap<string, BoundMethod>;

  constructor(private readonly options: PortServerOptions) {
    const { port, services } = options;
    this.methods = new Map(services.flatMap(({ methods }) => methods.map((bound) => [pathOf(bound.method), bound])));
    port.on('message', (frame: ClientFrame) => this.take(frame));
    port.once('close', () => {
      for (const call of this.calls.values()) call.cancel();
    });
  }

  /** Ends it; idempotent. Handlers see their signals abort and are not waited for. */
  close(): void {
    const reason = new MaridError('UNAVAILABLE', 'The server is stopping; call again.');
    for (const call of this.calls.values()) call.stop(reason);
    this.options.port.close();
  }

  private take(frame: ClientFrame): void {
    if (frame.kind === 'call') this.begin(frame);
    else this.calls.get(frame.id)?.take(frame);
  }

  private begin({ id, path, request }: CallFrame): void {
    const { port, logger } = this.options;
    const bound = this.methods.get(path);
    if (bound === undefined) {
      port.postMessage(failFrame(id, new MaridError('UNSUPPORTED', `${path} is not served here.`)));
      return;
    }
    const post = port.postMessage.bind(port);
    const call = new ServedCall({ id, bound, request, logger, post, forget: () => this.calls.delete(id) });
    this.calls.set(id, call);
    void call.answer();
  }
}
