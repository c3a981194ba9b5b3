/**
 * `main.js [start|prepare] [--only kafka,redis] [--brokers 3] [--kafka-version V] [--json]`: starts the native stack, prints the URLs on standard output, and stops it on
 * SIGINT, SIGTERM or the end of its parent. `prepare` only fetches and builds. Steps go to standard error.
 */
import { parseArgs } from 'node:util';
import { SystemClock } from '../../runtime/system-clock.js';
import { SystemRandom } from '../../runtime/system-random.js';
import { NATIVE_ENGINES, NativeStack, type NativeEngine, type NativeStackOptions } from './native-stack.js';

/** How often it is checked that the parent lives, in milliseconds. */
const PARENT_EVERY_MS = 500;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: NATIVE_ENGINES.join(',') },
    brokers: { type: 'string', default: '1' },
    'kafka-version': { type: 'string', default: '3.9.2' },
    json: { type: 'boolean', default: false },
  },
});

// Says nothing about this machine's servers.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const options: NativeStackOptions = {
  environment: process.env,
  clock: new SystemClock(),
  random: new SystemRandom(),
  report: (line) => process.stderr.write(`${line}\n`),
};
const wanted = NATIVE_ENGINES.filter((name) => values.only.split(',').includes(name));
process.exit(positionals[0] === 'prepare' ? await prepare() : await start());

async function prepare(): Promise<number> {
  return report(await Promise.allSettled(wanted.map((name) => NativeStack.prepare(options, name))));
}

async function start(): Promise<number> {
  const stack = new NativeStack(options);
  const end = untilTold();
  const engineOptions = {
    brokers: values.brokers === '3' ? 3 : 1,
    kafkaVersion: values['kafka-version'],
  } as const;
  const starting = Promise.allSettled(wanted.map((name) => stack.start(name, engineOptions)));
  const started = await Promise.race([starting, end]);
  if (started !== undefined && report(started) === 0) {
    print(started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
    await end;
    await stack.stop();
    return 0;
  }
  await stack.stop();
  return 1;
}

/** Says what went wrong; the exit code. */
function report(results: readonly PromiseSettledResult<unknown>[]): number {
  const failures = results.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  return failures.length === 0 ? 0 : 1;
}

function print(engines: readonly NativeEngine[]): void {
  if (values.json) {
    const facts = engines.map(({ name, product, standIn, urls, servers }) => {
      return [name, { product, standIn, urls, pids: servers.map((server) => server.pid) }] as const;
    });
    process.stdout.write(`${JSON.stringify(Object.fromEntries(facts))}\n`);
    return;
  }
  for (const { name, urls, product } of engines) {
    process.stdout.write(`MARID_TEST_${name.toUpperCase()}_URL='${urls.join(',')}'  # ${product}\n`);
  }
  process.stderr.write('All servers answer. Ctrl-C stops them.\n');
}

/** Resolves on a signal or when the parent has ended. */
function untilTold(): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    const check = setInterval(() => {
      if (process.ppid !== parent) end();
    }, PARENT_EVERY_MS);
    const end = (): void => {
      clearInterval(check);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  });
}
