/**
 * Where launchers and workers of one state folder meet: sockets `launcher.<generation>.sock`, of which the highest that answers is the launcher. A socket whose
 * process has died refuses connections, so the socket is the lock too, and the kernel releases it.
 */
import { chmodSync, closeSync, constants, linkSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { isErrno, succeeds } from '../../../core/errors/system-error.js';

/** A launcher's folder in the worker's state folder, held open. */
export class SocketFolder {
  private constructor(
    /** Absolute path; it may be longer than the address of a socket can be. */
    readonly path: string,
    private readonly descriptor: number,
  ) {}

  /** Makes the folder, for its owner only, and opens it. */
  static create(path: string): SocketFolder {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    return SocketFolder.open(path);
  }

  /** Opens a folder that exists: a launcher that comes late must not bring back one that was removed. */
  static open(path: string): SocketFolder {
    return new SocketFolder(path, openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /** Connects to the newest launcher; `null` when none answers. */
  async connect(): Promise<Socket | null> {
    const generation = this.newest();
    return generation === 0 ? null : connectTo(this.address(socketName(generation)));
  }

  /**
   * Lets a server listen as the only launcher of the folder; false when another one does. The socket is bound under a name of its own and then linked to
   * the next generation, which fails when somebody else was faster: nobody ever removes a name that another process has just taken. The newest name stays when its process ends, so that numbers only grow.
   */
  async listen(server: Server): Promise<boolean> {
    const bound = `starting.${String(process.pid)}.sock`;
    this.remove(bound);
    server.listen(this.address(bound));
    await once(server, 'listening');
    chmodSync(this.address(bound), 0o600);
    try {
      return await this.claim(bound);
    } finally {
      this.remove(bound);
    }
  }

  /** Gives the folder back; once. Connections made through it go on. */
  close(): void {
    closeSync(this.descriptor);
  }

  private async claim(bound: string): Promise<boolean> {
    for (;;) {
      const newest = this.newest();
      const other = newest === 0 ? null : await connectTo(this.address(socketName(newest)));
      other?.destroy();
      if (other !== null) return false;
      if (!this.link(bound, socketName(newest + 1))) continue;
      if (this.newest() === newest + 1) break;
      this.remove(socketName(newest + 1));
    }
    for (const older of this.generations().slice(1)) this.remove(socketName(older));
    return true;
  }

  private link(from: string, to: string): boolean {
    return succeeds(() => {
      linkSync(this.address(from), this.address(to));
    }, 'EEXIST');
  }

  private remove(name: string): void {
    succeeds(() => {
      unlinkSync(join(this.path, name));
    }, 'ENOENT');
  }

  private newest(): number {
    return this.generations()[0] ?? 0;
  }

  /** Generations of the sockets, newest first. */
  private generations(): readonly number[] {
    const names = readdirSync(this.path).map((name) => /^launcher\.(\d{1,15})\.sock$/.exec(name)?.[1]);
    return names.flatMap((digits) => (digits === undefined ? [] : Number(digits))).sort((a, b) => b - a);
  }

  /** A short address through the open descriptor: a socket's address has at most 107 bytes. */
  private address(name: string): string {
    return `/proc/self/fd/${String(this.descriptor)}/${name}`;
  }
}

function socketName(generation: number): string {
  return `launcher.${String(generation)}.sock`;
}

/** A connected socket, or `null` when nobody listens or the listener has just died. */
async function connectTo(address: string): Promise<Socket | null> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    socket.destroy();
    if (isErrno(error, 'ECONNREFUSED', 'ECONNRESET', 'ENOENT')) return null;
    throw error;
  }
}
