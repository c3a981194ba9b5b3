/**
 * The first benchmark: one `marid dev`, no-op jobs. Prints throughput, CPU for each job, submit latency, start latency and memory beside the raw cost of starting a process in
 * the same run. `npm run bench -- [jobs] [--engines LIST]`, default 2,000 and `embedded`; `npm run bench -- follow` measures output instead (`follow.ts`). The list, with commas, is of `kafka`, `redis`, `s3` and `mongo`, servers of the native stack
 * on this machine that take the place of the embedded engines of their ports; `native` is all of them. `mongo` is a stand-in for MongoDB: what a figure says of the
 * store holds for the stand-in only. `kafka,redis` keeps the store in SQLite.
 */
import { parseArgs } from 'node:util';
import { NATIVE_PRODUCTS, startForMarid, type NativeProduct } from '../infra/deploy/native/marid-environment.js';
import { NativeStack } from '../infra/deploy/native/native-stack.js';
import { SystemClock } from '../infra/runtime/system-clock.js';
import { SystemRandom } from '../infra/runtime/system-random.js';
import { JobStatus } from '../proto/gen/marid/v1/job_pb.js';
import { measureFollow } from './follow.js';
import { processesPerSecond } from './floor.js';
import { benchJob, SystemUnderTest, type ProcessCpu } from './system.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { engines: { type: 'string', default: 'embedded' } },
});
const FOLLOW = positionals[0] === 'follow';
const JOBS = Number(positionals[FOLLOW ? 1 : 0] ?? (FOLLOW ? 50 : 2000));
const LINES = Number(positionals[2] ?? 1000);
const IN_FLIGHT = 32;
const LATENCY_JOBS = 60;
/** Milliseconds between two jobs of the start latency workload: about 12 a second. */
const PACE_MS = 83;
const IDLE_SECONDS = 5;

let system: SystemUnderTest;
const bashFloor = FOLLOW ? 0 : await processFloors();
const products = productsOf(values.engines);
if (products.length === 0) await measure('embedded engines', {});
else {
  const random = new SystemRandom();
  const stack = new NativeStack({ environment: process.env, clock: new SystemClock(), random });
  try {
    await measure(`engines: ${products.join(', ')}`, await startForMarid(stack, products));
  } finally {
    await stack.stop();
  }
}

function productsOf(list: string): readonly NativeProduct[] {
  if (list === 'embedded') return [];
  if (list === 'native') return NATIVE_PRODUCTS;
  return list.split(',').map((name) => {
    const product = NATIVE_PRODUCTS.find((each) => each === name);
    if (product === undefined)
      throw new Error(`--engines: there is no ${name}; there are ${NATIVE_PRODUCTS.join(', ')}`);
    return product;
  });
}

async function measure(name: string, environment: Readonly<Record<string, string>>): Promise<void> {
  console.log(`\n${name}`);
  system = await SystemUnderTest.start(environment);
  try {
    if (FOLLOW) return await measureFollow(system, row, { jobs: JOBS, lines: LINES });
    const memory = await system.memory();
    const idle = await system.idleCpu(IDLE_SECONDS);
    const endToEnd = await throughput();
    const submit = await submitLatency();
    const start = await startLatency();
    row(
      `no-op jobs end to end (${String(JOBS)})`,
      `${endToEnd.toFixed(0)}/s  (${(endToEnd / bashFloor).toFixed(2)} x bash)`,
    );
    row('durable submit, one in flight', quantiles(submit));
    row('submit to first instruction, 12 jobs/s', quantiles(start));
    row('idle CPU, marid dev', `${idle.toFixed(1)} % of a core`);
    for (const each of memory) {
      row(
        `idle memory, ${each.name}`,
        `${each.residentMb.toFixed(0)} MB resident, ${each.proportionalMb.toFixed(0)} MB proportional`,
      );
    }
  } finally {
    await system.stop();
  }
}

async function processFloors(): Promise<number> {
  const floor = await processesPerSecond(['/bin/true'], 1000, 4);
  const bash = await processesPerSecond(['/bin/bash', '-c', '/bin/true; true'], 1000, 4);
  row('raw process start (node spawn, 4 in flight)', `${floor.toFixed(0)}/s`);
  row('raw bash that starts a process', `${bash.toFixed(0)}/s  (${(bash / floor).toFixed(2)} x raw)`);
  return bash;
}

function row(name: string, value: string): void {
  console.log(`${name.padEnd(48)} ${value}`);
}

/** Submits all jobs and waits for the last end; every job must have succeeded exactly once. */
async function throughput(): Promise<number> {
  const stop = new AbortController();
  const succeeded = new Map<string, number>();
  const watching = (async () => {
    for await (const { jobId, transition } of system.client.watchAll({ signal: stop.signal })) {
      if (transition?.to !== JobStatus.SUCCEEDED) continue;
      succeeded.set(jobId, (succeeded.get(jobId) ?? 0) + 1);
      if (succeeded.size === JOBS) break;
    }
  })();
  const warm = await system.client.submit(benchJob('noop'));
  await system.client.wait(warm.id);
  succeeded.clear();
  const before = await system.cpu();
  const started = performance.now();
  let left = JOBS;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await system.client.submit(benchJob('noop'));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  row('  submitted', `${((JOBS * 1000) / (performance.now() - started)).toFixed(0)}/s`);
  await watching;
  const elapsed = performance.now() - started;
  stop.abort();
  row('  CPU for each job', cpuPerJob(before, await system.cpu()));
  const doubled = [...succeeded.values()].filter((times) => times !== 1).length;
  if (doubled > 0) throw new Error(`${String(doubled)} jobs ended more than once`);
  return (JOBS * 1000) / elapsed;
}

function cpuPerJob(before: readonly ProcessCpu[], after: readonly ProcessCpu[]): string {
  const parts = after.map(({ name, ownMs, childrenMs }, index) => {
    const own = (ownMs - (before[index]?.ownMs ?? 0)) / JOBS;
    const children = (childrenMs - (before[index]?.childrenMs ?? 0)) / JOBS;
    return `${name} ${own.toFixed(2)} ms${children > 0 ? `, its children ${children.toFixed(2)} ms` : ''}`;
  });
  return parts.join(', ');
}

async function submitLatency(): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < 300; index += 1) {
    const started = performance.now();
    await system.client.submit(benchJob('noop'));
    times.push(performance.now() - started);
  }
  return times;
}

/** Each job prints its own start time; the difference to the submit is what a user waits. */
async function startLatency(): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < LATENCY_JOBS; index += 1) {
    const submitted = Date.now() * 1e6 + (performance.now() % 1) * 1e6;
    const job = await system.client.submit(benchJob('sh', ['date +%s%N']));
    await system.client.wait(job.id);
    let text = '';
    for await (const piece of system.client.follow(job.id, 'stdout')) text += Buffer.from(piece).toString();
    times.push((Number(text.trim()) - submitted) / 1e6);
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
  }
  return times;
}

function quantiles(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
