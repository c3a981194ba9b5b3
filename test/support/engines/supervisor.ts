/**
 * The process that starts servers for a test run. It reads names of engines from standard input, a line each, writes one answer for each to standard output
 * (`{"name": ..., "answer": ...}`), and stops everything when the input ends. Started by `global-setup.mjs`.
 */
import { createInterface } from 'node:readline';
import { NativeStack } from '../../../infra/deploy/native/native-stack.js';
import { SystemClock } from '../../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../../infra/runtime/system-random.js';
import { DockerEngines } from './docker-engines.js';
import { ENGINE_NAMES, type EngineAnswer, type EngineName } from './engine-answer.js';

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'; // said once by the tests that load it

const stack = new NativeStack({
  environment: process.env,
  clock: new SystemClock(),
  random: new SystemRandom(),
  report: (line) => process.stderr.write(`  ${line}\n`),
});
const docker = await DockerEngines.find();
const lines = createInterface({ input: process.stdin });

lines.on('line', (line) => {
  const name = ENGINE_NAMES.find((each) => each === line);
  if (name !== undefined) void answer(name);
});
lines.once('close', () => void end());
// A terminal's Ctrl-C reaches Jest as well, and our input ends when it does.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());

async function answer(name: EngineName): Promise<void> {
  const result = await provide(name).catch((error: unknown): EngineAnswer => {
    return { kind: 'absent', reason: error instanceof Error ? error.message : String(error) };
  });
  process.stdout.write(`${JSON.stringify({ name, answer: result })}\n`);
}

/** The first of environment, Docker and native stack. */
async function provide(name: EngineName): Promise<EngineAnswer> {
  const given = process.env[`MARID_TEST_${name.toUpperCase()}_URL`];
  if (given !== undefined && given !== '') {
    const urls = name === 'redis' ? given.split(',') : [given.replace(/^kafka:\/\//, '')];
    return { kind: 'found', urls, source: 'environment', product: 'a server of the environment', standIn: false };
  }
  if (docker !== null) {
    const { urls, product } = await docker.start(name);
    return { kind: 'found', urls, source: 'docker', product: `${product}, Docker`, standIn: false };
  }
  const { urls, product, standIn } = await stack.start(name);
  return { kind: 'found', urls, source: 'native stack', product: `${product}, native stack`, standIn };
}

async function end(): Promise<void> {
  await Promise.allSettled([stack.stop(), docker?.stop()]);
  process.exit(0);
}
