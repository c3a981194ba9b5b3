/** Redis servers that a test may kill, freeze and empty. */
import { spawn, type ChildProcess } from 'node:child_process';
import { Redis } from 'ioredis';
import { freePort } from '../../infra/deploy/native/ports.js';
import { prepareRedis } from '../../infra/deploy/native/prepare.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { eventually } from './eventually.js';
import { makeTemporaryFolder } from './temporary-folder.js';

/** Path of redis-server; null where there is none. Rejects then when `CI=true`. */
export async function findRedisProgram(): Promise<string | null> {
  try {
    return await prepareRedis({ environment: process.env, clock: new SystemClock(), report: () => undefined });
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return null;
  }
}

/** One server on a port of its own, without persistence. */
export class TestRedis {
  private process: ChildProcess | null = null;
  private readonly folder = makeTemporaryFolder();

  private constructor(
    private readonly program: string,
    private readonly port: number,
    private readonly password: string | null,
  ) {}

  static async start(program: string, password: string | null = null): Promise<TestRedis> {
    const server = new TestRedis(program, await freePort(new SystemRandom()), password);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://${this.password === null ? '' : `:${this.password}@`}127.0.0.1:${String(this.port)}`;
  }

  /** Starts it (again) and waits until it answers. */
  async start(): Promise<void> {
    const listen = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.folder.path];
    const secret = this.password === null ? [] : ['--requirepass', this.password];
    this.process = spawn(this.program, [...listen, ...secret, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
    await eventually('redis-server answers', () => this.ask((client) => client.ping()).catch(() => null));
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.process;
    if (child === null) return;
    this.process = null;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await gone;
  }

  freeze(): void {
    this.process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  /** Everything it holds. */
  keys(): Promise<readonly string[]> {
    return this.ask((client) => client.keys('*'));
  }

  /** Loses everything. */
  async wipe(): Promise<void> {
    await this.ask((client) => client.flushall());
  }

  async end(): Promise<void> {
    await this.kill();
    this.folder.remove();
  }

  private ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    return withRedis(this.url, question);
  }
}

/** Asks a server something, with a client of its own. */
export async function withRedis<T>(url: string, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    disconnectTimeout: 50,
  });
  client.on('error', () => undefined); // the call rejects as well
  try {
    await client.connect();
    return await question(client);
  } finally {
    client.disconnect();
  }
}
