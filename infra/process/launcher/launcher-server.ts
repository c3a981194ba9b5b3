/** Connections of workers to a launcher: reads requests, answers them from the table, tells exits. */
import type { Server, Socket } from 'node:net';
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { ProcessExit } from '../../../core/ports/launcher.js';
import { LineSplitter } from './line-splitter.js';
import { LineWriter } from './line-writer.js';
import type { ProcessTable } from './process-table.js';
import type { Fields } from './wire.js';
import {
  decodeRequest,
  decodeRequestId,
  encodeExit,
  encodeFailure,
  encodeReply,
  parseRequest,
  PROTOCOL_VERSION,
  type LauncherRequest,
} from './protocol.js';

/** What a `LauncherServer` is made of. */
export interface LauncherServerOptions {
  readonly table: ProcessTable;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long it stays with neither connection nor running process, in milliseconds. */
  readonly idleMs: number;
  /** Called before anything is told to a worker: what it is told has to be on disk. */
  readonly beforeTelling: () => void;
  /** Called when there is no reason to stay. */
  readonly onIdle: () => void;
}

/** A worker's connection. */
interface Connection {
  readonly writer: LineWriter;
  /** Another connection has adopted since this one did: its worker has no say any more. */
  superseded: boolean;
  /** Its worker has said on it how long its lease lasts. */
  renewed: boolean;
}

/**
 * *Serving* from `attach`; *idle* when there is neither connection nor process, which ends the launcher after `idleMs`, or at once when the last worker said `close`
 * and nothing is held. Exits that nobody took are on disk for the next launcher.
 */
export class LauncherServer {
  private readonly options: LauncherServerOptions;
  /** Those that have greeted: others may only be looking whether a launcher lives. */
  private readonly connections = new Set<Connection>();
  /** Who is told of exits: the last that adopted. */
  private adopter: Connection | null = null;
  /** The latest session of a worker that has adopted. */
  private session = '';
  private cancelIdle: (() => void) | null = null;

  constructor(options: LauncherServerOptions) {
    this.options = options;
  }

  /** Serves the connections of a server: accepts them at once, and reads what they ask when `ready` has resolved. */
  async attach(server: Server, ready: Promise<void>): Promise<void> {
    server.on('connection', (socket) => void ready.then(() => this.serve(socket)));
    await ready;
    this.considerIdle();
  }

  /** Tells the adopter of an exit; without one, it is held. */
  tell(exit: ProcessExit): void {
    this.adopter?.writer.write(encodeExit(exit));
    this.considerIdle();
  }

  private serve(socket: Socket): void {
    const connection: Connection = {
      writer: new LineWriter(socket, this.options.beforeTelling),
      superseded: false,
      renewed: false,
    };
    const splitter = new LineSplitter();
    socket.on('data', (chunk: Buffer) => {
      try {
        this.receive(connection, splitter.push(chunk));
      } catch (error) {
        this.options.logger.warn({ error }, 'dropping a connection that sends what no worker does');
        socket.destroy();
      }
    });
    socket.on('error', (error) => this.options.logger.debug({ error }, 'a connection failed'));
    socket.once('close', () => this.drop(connection));
  }

  private drop(connection: Connection): void {
    this.connections.delete(connection);
    if (this.adopter === connection) this.adopter = null;
    this.considerIdle();
  }

  private receive(connection: Connection, lines: readonly string[]): void {
    for (const line of lines) {
      const fields = parseRequest(line);
      void this.answer(connection, decodeRequestId(fields), fields);
    }
  }

  private async answer(connection: Connection, id: number, fields: Fields): Promise<void> {
    try {
      const request = decodeRequest(fields);
      const value = await this.handle(connection, request);
      connection.writer.write(encodeReply(id, value ?? null));
      if (request.type === 'close') this.end(connection);
    } catch (error) {
      if (!isMaridError(error)) this.options.logger.error({ error }, 'a request failed');
      connection.writer.write(encodeFailure(id, error));
    }
  }

  private handle(connection: Connection, request: LauncherRequest): unknown {
    const { table, clock } = this.options;
    switch (request.type) {
      case 'hello':
        this.connections.add(connection);
        this.considerIdle();
        return { protocol: PROTOCOL_VERSION, processId: process.pid };
      case 'start':
        assertCurrent(connection);
        if (this.adopter !== null && this.adopter !== connection) throw takenOver();
        return table.start(request.start);
      case 'kill':
        assertCurrent(connection);
        return table.kill(request);
      case 'renew':
        assertCurrent(connection);
        connection.renewed = true;
        return table.renew({ ...request, ageMs: clock.now() - request.sentAt });
      case 'adopt':
        return this.adopt(connection, request.session ?? this.session);
      case 'forget':
        assertCurrent(connection);
        return table.forget(request.attempt);
      case 'close':
        return null;
    }
  }

  /** Of two processes of a worker that find a new launcher, the later one keeps it. */
  private adopt(connection: Connection, session: string): unknown {
    connection.superseded = session < this.session;
    assertCurrent(connection);
    this.session = session;
    if (this.adopter !== null && this.adopter !== connection) this.adopter.superseded = true;
    this.adopter = connection;
    return this.options.table.adopt(connection.renewed);
  }

  private end(connection: Connection): void {
    this.drop(connection);
    connection.writer.end();
    if (this.connections.size === 0 && !this.options.table.holding) this.options.onIdle();
  }

  private considerIdle(): void {
    this.cancelIdle?.();
    this.cancelIdle = null;
    if (this.connections.size > 0 || this.options.table.busy) return;
    this.cancelIdle = this.options.clock.after(this.options.idleMs, this.options.onIdle);
  }
}

function assertCurrent(connection: Connection): void {
  if (connection.superseded) throw takenOver();
}

function takenOver(): MaridError {
  return new MaridError('STALE_SESSION', 'Another worker has taken over this launcher.');
}
