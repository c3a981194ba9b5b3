/** A contender that is a process: ids in on its standard input, a line each, out again once it has them durably. It says `ready` first. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { BOUND_TO_PARENT } from '../../infra/deploy/native/bound-to-parent.js';
import type { RunningContender } from './contender.js';

/** How it is started. */
export interface LinePeerOptions {
  readonly command: readonly string[];
  /** Added to the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether it says `ready` before it takes ids. */
  readonly greets: boolean;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A peer. States: *running* from `start`, *ended* after `stop` or by itself. `waiting` holds the ids that it has not acknowledged. */
export class LinePeer implements RunningContender {
  private readonly waiting = new Map<string, Waiting>();

  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly ended: Promise<void>,
  ) {}

  static async start({ command, environment, greets }: LinePeerOptions): Promise<LinePeer> {
    const [bound, ...rest] = BOUND_TO_PARENT;
    const child = spawn(bound, [...rest, String(process.pid), ...command], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const peer = new LinePeer(child, ended);
    const lines = createInterface({ input: child.stdout });
    const ready = new Promise<void>((resolve) => (greets ? lines.once('line', () => resolve()) : resolve()));
    lines.on('line', (id) => peer.acknowledged(id));
    void ended.then(() => peer.fail(new Error(`${command.join(' ')} ended`)));
    await Promise.race([ready, ended]);
    return peer;
  }

  submit(id: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.stdin.write(`${id}\n`);
    });
  }

  async stop(): Promise<void> {
    this.child.stdin.end();
    await this.ended;
  }

  private acknowledged(id: string): void {
    this.waiting.get(id)?.resolve();
    this.waiting.delete(id);
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
