/**
 * Real servers on this machine without Docker, each started when it is asked for: Kafka, three Redis, an S3 server, and a stand-in for MongoDB. They listen on free
 * loopback ports, work in one temporary folder, and end with `stop` or with the process that started them, however it ends.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MaridError } from '../../../core/errors/marid-error.js';
import type { Random } from '../../../core/ports/random.js';
import { timed, type StackContext } from './context.js';
import type { EngineStart, NativeEngine, NativeEngineName, NativeEngineOptions } from './engine.js';
import { startKafka } from './kafka.js';
import { startMongo } from './mongo.js';
import { prepareKafka, prepareMongoStandIn, prepareRedis, prepareVersitygw } from './prepare.js';
import { startRedis } from './redis.js';
import { startS3 } from './s3.js';
import type { ServerProcess } from './server-process.js';

export { NATIVE_ENGINES, type NativeEngine, type NativeEngineName, type NativeEngineOptions } from './engine.js';
export type { ServerProcess } from './server-process.js';

/** What a stack is made from. */
export interface NativeStackOptions extends Omit<StackContext, 'report' | 'signal'> {
  readonly random: Random;
  /** Told what is being done, one line each. Default: nobody. */
  readonly report?: (line: string) => void;
}

const STARTERS = { kafka: startKafka, mongo: startMongo, redis: startRedis, s3: startS3 } as const;
const PREPARERS = {
  kafka: prepareKafka,
  mongo: prepareMongoStandIn,
  redis: prepareRedis,
  s3: prepareVersitygw,
} as const;

/** A stack. States: *open* from the start; *stopped* after `stop`, for good. `tools` is aborted there only. */
export class NativeStack {
  private readonly context: StackContext;
  private readonly folder = mkdtempSync(join(tmpdir(), 'marid-native-'));
  private readonly engines = new Map<NativeEngineName, Promise<NativeEngine>>();
  private readonly servers: ServerProcess[] = [];
  private readonly tools = new AbortController();

  constructor(private readonly options: NativeStackOptions) {
    const { environment, clock, report = () => undefined } = options;
    this.context = { environment, clock, report, signal: this.tools.signal };
  }

  /** Fetches or builds what an engine is started from, without starting it. Minutes on a cold cache, nothing on a warm one. */
  static async prepare(options: NativeStackOptions, name: NativeEngineName): Promise<void> {
    const { environment, clock, report = () => undefined } = options;
    await PREPARERS[name]({ environment, clock, report });
  }

  /** Starts an engine, once: later calls give the same servers, whatever their options. Rejects naming the tool that failed and the remedy. */
  start(name: NativeEngineName, options: NativeEngineOptions = {}): Promise<NativeEngine> {
    if (this.tools.signal.aborted)
      return Promise.reject(new MaridError('UNAVAILABLE', 'The native stack has been stopped.'));
    const known = this.engines.get(name);
    if (known !== undefined) return known;
    const engine = timed(this.context, `${name}: started`, () => STARTERS[name](this.engineStart(), options));
    this.engines.set(name, engine);
    return engine;
  }

  /** Kills every server and removes the folder; resolves when all are gone. Safe to call again and while engines are starting. */
  async stop(): Promise<void> {
    this.tools.abort();
    await Promise.all(this.servers.map((server) => server.kill()));
    await Promise.allSettled(this.engines.values());
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private engineStart(): EngineStart {
    const { context, folder } = this;
    return { context, folder, random: this.options.random, own: (server) => this.own(server) };
  }

  private own(server: ServerProcess): void {
    if (this.tools.signal.aborted) throw new MaridError('CANCELLED', 'The native stack has been stopped.');
    this.servers.push(server);
  }
}
