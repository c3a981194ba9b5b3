/** The `Launcher` of a worker: a connection to the launcher process. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { AttemptReference } from '../../../core/job/job.js';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type {
  HeldProcess,
  KillOptions,
  Launcher,
  ProcessExit,
  StartedProcess,
  StartRequest,
} from '../../../core/ports/launcher.js';
import { LineSplitter } from './line-splitter.js';
import { LineWriter } from './line-writer.js';
import {
  decodeMessage,
  encodeRequest,
  PROTOCOL_VERSION,
  type LauncherMessage,
  type LauncherRequest,
} from './protocol.js';
import { decodeFields, decodeHeld, decodeList, decodeNumber, decodeStarted } from './wire.js';

/** A launcher that does not answer for this long is taken for gone, in milliseconds. */
const ANSWER_LIMIT_MS = 30_000;
/** A launcher that does not hang up for this long after `close` is left behind, in milliseconds. */
const CLOSE_LIMIT_MS = 2000;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly cancelLimit: () => void;
}

/**
 * *Connected* from the start; *closed* by `close`; *broken* when the connection ends otherwise or an answer is overdue: then every call in flight and every later
 * one rejects with `UNAVAILABLE`, and a call in flight may have been carried out. `end` is the only way out of *connected*.
 */
export class SocketLauncher implements Launcher {
  /** Process number of the launcher. */
  processId = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly untold: ProcessExit[] = [];
  private readonly writer: LineWriter;
  private lastId = 0;
  private ended: MaridError | null = null;
  private closing = false;
  private tellExit: ((exit: ProcessExit) => void) | null = null;
  private tellBroken: ((error: Error) => void) | null = null;

  private constructor(
    private readonly socket: Socket,
    private readonly clock: Clock,
  ) {
    this.writer = new LineWriter(socket);
    const splitter = new LineSplitter();
    socket.on('data', (chunk: Buffer) => this.receive(splitter, chunk));
    socket.on('error', (error) => this.end(error));
    socket.once('close', () => this.end(null));
  }

  /** Greets the launcher on a connected socket. `UNAVAILABLE` when it hangs up, `UNSUPPORTED` when it is of another version. */
  static async greet(socket: Socket, clock: Clock): Promise<SocketLauncher> {
    const launcher = new SocketLauncher(socket, clock);
    const hello = decodeFields(await launcher.request({ type: 'hello' }), 'hello');
    if (hello['protocol'] !== PROTOCOL_VERSION) {
      socket.destroy();
      throw new MaridError(
        'UNSUPPORTED',
        'A launcher of another version serves this state folder: drain the old worker first.',
      );
    }
    launcher.processId = decodeNumber(hello['processId'], 'processId');
    return launcher;
  }

  async start(request: StartRequest): Promise<StartedProcess> {
    return decodeStarted(await this.request({ type: 'start', start: request }));
  }

  async kill(options: KillOptions): Promise<boolean> {
    return (await this.request({ type: 'kill', ...options })) === true;
  }

  async renew(options: { readonly terminateInMs: number; readonly killInMs: number }): Promise<void> {
    await this.request({ type: 'renew', ...options, sentAt: this.clock.now() });
  }

  async adopt(options?: { readonly session: string }): Promise<readonly HeldProcess[]> {
    const session = options?.session ?? null;
    return decodeList(await this.request({ type: 'adopt', session }), 'held', decodeHeld);
  }

  async forget(options: { readonly attempt: AttemptReference }): Promise<void> {
    await this.request({ type: 'forget', ...options });
  }

  /** As the port says; exits that came before there was a listener are told to the first. */
  onExit(listener: (exit: ProcessExit) => void): void {
    this.tellExit = listener;
    for (const exit of this.untold.splice(0)) listener(exit);
  }

  /** As the port says; told at once when it is broken already. */
  onBroken(listener: (error: Error) => void): void {
    this.tellBroken = listener;
    if (this.ended !== null && !this.closing) listener(this.ended);
  }

  async close(): Promise<void> {
    if (this.closing || this.ended !== null) return;
    this.closing = true;
    this.writer.write(encodeRequest({ id: ++this.lastId, request: { type: 'close' } }));
    this.writer.end();
    const cancelLimit = this.clock.after(CLOSE_LIMIT_MS, () => this.socket.destroy());
    if (!this.socket.closed) await once(this.socket, 'close');
    cancelLimit();
  }

  private request(request: LauncherRequest): Promise<unknown> {
    if (this.ended !== null || this.closing) return Promise.reject(this.ended ?? unavailable('closed', null));
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const overdue = (): void => this.end(new Error('no answer in time'));
      this.pending.set(id, { resolve, reject, cancelLimit: this.clock.after(ANSWER_LIMIT_MS, overdue) });
      this.writer.write(encodeRequest({ id, request }));
    });
  }

  private receive(splitter: LineSplitter, chunk: Buffer): void {
    try {
      for (const line of splitter.push(chunk)) this.dispatch(decodeMessage(line));
    } catch (error) {
      this.end(error);
    }
  }

  private dispatch(message: LauncherMessage): void {
    if (message.type === 'exit') {
      if (this.tellExit === null) this.untold.push(message.exit);
      else this.tellExit(message.exit);
      return;
    }
    const pending = this.pending.get(message.id);
    this.pending.delete(message.id);
    pending?.cancelLimit();
    if (message.type === 'reply') pending?.resolve(message.value);
    else pending?.reject(message.error);
  }

  private end(cause: unknown): void {
    if (this.ended !== null) return;
    this.ended = unavailable(this.closing ? 'closed' : 'broken', cause);
    this.socket.destroy();
    for (const { reject, cancelLimit } of this.pending.values()) {
      cancelLimit();
      reject(this.ended);
    }
    this.pending.clear();
    if (!this.closing) this.tellBroken?.(this.ended);
  }
}

function unavailable(state: 'closed' | 'broken', cause: unknown): MaridError {
  return new MaridError('UNAVAILABLE', `The connection to the launcher is ${state}.`, { cause: cause ?? undefined });
}
