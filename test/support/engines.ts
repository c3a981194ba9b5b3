/**
 * The servers of the distributed engines, as tests find them. In this order: a URL in the environment (`MARID_TEST_KAFKA_URL`, `MARID_TEST_MONGO_URL`,
 * `MARID_TEST_REDIS_URL`, `MARID_TEST_S3_URL`), Docker through testcontainers, the native stack, else none. All test files of a run share the same servers, so every
 * test makes its own random names (database, topic, group, key prefix). A test that kills servers starts its own `NativeStack` instead.
 */
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe } from '@jest/globals';
import { decodeEngineAnswer, type EngineAnswer, type EngineName, type FoundEngine } from './engines/engine-answer.js';

export { decodeS3Url, type S3Location } from './engines/s3-url.js';

/** What the URL of each engine looks like. */
export interface EngineUrls {
  /** Bootstrap brokers, `host:port,host:port`. Plain text, no authentication. */
  readonly kafka: string;
  /** `mongodb://host:port/?options`, without a database: tests use one of a random name, and drop it. */
  readonly mongo: string;
  /** Three servers that know nothing of each other, `redis://host:port` each. */
  readonly redis: readonly string[];
  /** `http://key:secret@host:port/bucket?region=us-east-1`, path style; the bucket exists. `decodeS3Url` takes it apart. */
  readonly s3: string;
}

/** Options of `describeEngine`. */
export interface DescribeEngineOptions {
  /** Only the real product will do: with a stand-in (MongoDB's in the native stack) the tests are skipped and listed as such. Default: false. */
  readonly real?: boolean;
}

/** What stands for the URL of an engine that is absent, so that the names of skipped tests can be collected. */
const ABSENT: EngineUrls = {
  kafka: '127.0.0.1:1',
  mongo: 'mongodb://127.0.0.1:1/',
  redis: ['redis://127.0.0.1:1', 'redis://127.0.0.1:1', 'redis://127.0.0.1:1'],
  s3: 'http://absent:absent@127.0.0.1:1/absent?region=us-east-1',
};

/**
 * Defines tests against a real server: `await describeEngine('kafka', (url) => { ... })` at the top level of a file; mind the `await`. The server is started by the first
 * file that asks, outside of any test's time limit. Where it cannot be had the tests are skipped; with `CI=true` the file fails.
 */
export async function describeEngine<N extends EngineName>(
  name: N,
  define: (url: EngineUrls[N]) => void,
  options: DescribeEngineOptions = {},
): Promise<void> {
  const engine = await askForEngine(name);
  const on = options.real === true ? `on ${name}, real only` : `on ${name}`;
  if (engine.kind === 'absent') {
    describe.skip(`${on}: none, ${engine.reason}`, () => define(ABSENT[name]));
    return;
  }
  const block = options.real === true && engine.standIn ? describe.skip : describe;
  block(`${on}: ${engine.product}`, () => define(decodeEngineUrl(name, engine.urls)));
}

/** The URL of an engine's server, started if need be; null where it cannot be had. Rejects then when `CI=true`. May take minutes on a cold cache: ask at the top level of a file. */
export async function engineUrl<N extends EngineName>(name: N): Promise<EngineUrls[N] | null> {
  const engine = await askForEngine(name);
  return engine.kind === 'absent' ? null : decodeEngineUrl(name, engine.urls);
}

/** The engine with its product, source and whether it is a stand-in; null where it cannot be had. Rejects then when `CI=true`. */
export async function findEngine(name: EngineName): Promise<FoundEngine | null> {
  const engine = await askForEngine(name);
  return engine.kind === 'absent' ? null : engine;
}

async function askForEngine(name: EngineName): Promise<EngineAnswer> {
  const answer = await readAnswer(name);
  if (answer.kind === 'absent' && process.env['CI'] === 'true') {
    throw new Error(`The engine ${name} cannot be had, and CI=true: ${answer.reason}`);
  }
  return answer;
}

/** Asks the process that runs Jest; its end of the socket is `engines/global-setup.mjs`. */
async function readAnswer(name: EngineName): Promise<EngineAnswer> {
  const path = process.env['MARID_TEST_ENGINES_SOCKET'];
  if (path === undefined) return { kind: 'absent', reason: 'Jest ran without its global set-up' };
  const socket = createConnection(path);
  socket.write(`${name}\n`);
  return decodeEngineAnswer(await text(socket));
}

function decodeEngineUrl<N extends EngineName>(name: N, urls: readonly string[]): EngineUrls[N] {
  if (urls.length === 0) throw new Error(`no URL for ${name}`);
  return (name === 'redis' ? urls : urls[0]) as EngineUrls[N];
}
