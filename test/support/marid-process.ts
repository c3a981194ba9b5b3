/** Real `marid` processes for integration and chaos tests, from the compiled command in `dist/` (`npm test` builds it first). */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MARID = resolve('dist/cli/main.js');

/** How a command ended and what it printed. */
export interface Finished {
  /** Exit code, or -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A long-running `marid` process. */
export interface MaridProcess {
  /** Address that it listens on. */
  readonly address: string;
  /** First line of its standard output, parsed. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly child: ChildProcess;
  /** Everything that it has written to standard error. */
  stderr(): string;
  /** Sends a signal and waits for the end; null when a signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Processes and folders of one test; `close` ends and removes them all. */
export class MaridBench {
  private readonly running: MaridProcess[] = [];

  private constructor(readonly folder: string) {}

  static async open(): Promise<MaridBench> {
    if (!existsSync(MARID)) throw new Error('dist/cli/main.js is missing: run "npm run build" first');
    return new MaridBench(await mkdtemp(join(tmpdir(), 'marid-test-')));
  }

  /** Starts `marid dev`, `marid control-plane` or `marid worker` and waits until it says that it is ready. */
  async start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<MaridProcess> {
    const child = spawn(process.execPath, [MARID, ...args, '-o', 'json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const started = await ready(child, args.join(' '));
    this.running.push(started);
    return started;
  }

  /** Runs a client command to its end. */
  run(address: string, args: readonly string[], input = ''): Promise<Finished> {
    return runMarid(['--address', address, ...args], input);
  }

  /** Path of a folder or file of this bench. */
  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Ends all processes. */
  async stop(): Promise<void> {
    await Promise.all(this.running.map((each) => each.end('SIGTERM')));
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs any `marid` command to its end. */
export async function runMarid(
  args: readonly string[],
  input = '',
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [MARID, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env });
  child.stdin.end(input);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const code = await exitOf(child);
  return { code: code ?? -1, stdout: stdout(), stderr: stderr() };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  return () => Buffer.concat(pieces).toString('utf8');
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done, fail) => {
    child.once('close', done);
    child.once('error', fail);
  });
}

async function ready(child: ChildProcess, name: string): Promise<MaridProcess> {
  if (child.stdout === null || child.stderr === null) throw new Error('standard streams are pipes');
  const stderr = collect(child.stderr);
  const stdout = collect(child.stdout);
  const ended = exitOf(child);
  const line = await new Promise<string>((done, fail) => {
    child.stdout?.on('data', () => {
      const end = stdout().indexOf('\n');
      if (end >= 0) done(stdout().slice(0, end));
    });
    void ended.then((code) => {
      fail(new Error(`marid ${name} ended with ${String(code)} before it was ready:\n${stderr()}`));
    });
  });
  const facts = decodeReady(line);
  return {
    address: String(facts['address']),
    ready: facts,
    child,
    stderr,
    end: (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}

function decodeReady(line: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null) throw new Error(`not a ready line: ${line}`);
  return value as Record<string, unknown>;
}
