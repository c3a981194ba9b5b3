/** Lines to a socket. */
import type { Socket } from 'node:net';

/** Those of one turn of the event loop go with one write: a write costs as much as a line takes to be made and read. */
export class LineWriter {
  private waiting = '';

  /** `before`: called before each write. */
  constructor(
    private readonly socket: Socket,
    private readonly before: () => void = () => undefined,
  ) {}

  /** Writes a line, with its newline, soon. */
  write(line: string): void {
    if (this.waiting === '') process.nextTick(() => this.flush());
    this.waiting += line;
  }

  /** Writes what waits, and nothing more. */
  end(): void {
    this.flush();
    this.socket.end();
  }

  private flush(): void {
    if (this.waiting === '') return;
    this.before();
    this.socket.write(this.waiting);
    this.waiting = '';
  }
}
