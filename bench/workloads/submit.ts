/** Durable submits of jobs of a pool without workers, so that nothing else runs, beside bare calls of the same gRPC library that send as much. */
import { join } from 'node:path';
import { toBinary, create } from '@bufbuild/protobuf';
import { SubmitJobRequestSchema } from '../../proto/gen/marid/v1/job_service_pb.js';
import { startBullMqBulk } from '../contenders/bullmq-bulk.js';
import { Echo } from '../harness/echo.js';
import { inLanes, upTo } from '../harness/lanes.js';
import { writeFigures } from '../harness/results.js';
import { summaryOf, quantile, type Summary } from '../harness/statistics.js';
import { inTemporaryFolder } from '../harness/temporary-folder.js';
import type { Workload } from '../harness/workload.js';
import { benchJob, SystemUnderTest } from '../system.js';

const IN_FLIGHT = 32;
/** Streams are faster: they get so many times the requests. */
const STREAMED = 10;

const REQUEST = { ...benchJob('noop', ['an argument']), pool: 'nobody' };

/** Does so much and returns what counts of it: milliseconds of one, or a number a second. */
interface Series {
  readonly name: string;
  readonly measure: (jobs: number) => Promise<number>;
}

/** What takes requests. */
interface Takers {
  readonly system: SystemUnderTest;
  readonly bare: Echo;
  readonly durable: Echo;
  readonly bulk: { readonly add: (count: number) => Promise<void>; readonly stop: () => Promise<void> } | null;
}

/** Latency of one, throughput of 32 in flight, and of a stream. */
export const SUBMIT: Workload = {
  summary: 'durable submits: one in flight, 32 in flight and streamed, beside bare gRPC and BullMQ addBulk',
  run: ({ jobs = 1000, rounds = 5 }) =>
    inTemporaryFolder(async (folder) => {
      const takers = await start(folder);
      try {
        const all = seriesOf(takers);
        for (const { measure } of all) await measure(200);
        const found = new Map(all.map(({ name }) => [name, [] as number[]]));
        for (let round = 0; round < rounds; round += 1) {
          for (let index = 0; index < all.length; index += 1) {
            const series = all[(index + round) % all.length];
            if (series !== undefined) found.get(series.name)?.push(await series.measure(jobs));
          }
        }
        const figures = Object.fromEntries([...found].map(([name, values]) => [name, summaryOf(values)]));
        const ratios = ratiosOf(figures);
        print(figures, ratios);
        console.log(`written: ${await writeFigures('submit', { rounds, jobs, figures, ratios })}`);
      } finally {
        const { system, bare, durable, bulk } = takers;
        await Promise.all([system.stop(), bare.stop(), durable.stop(), bulk?.stop()]);
      }
    }),
};

async function start(folder: string): Promise<Takers> {
  const system = await SystemUnderTest.start({ environment: { MARID_CONTROL_PLANE_POOLS: '[default, nobody]' } });
  const bytes = toBinary(SubmitJobRequestSchema, create(SubmitJobRequestSchema, { job: REQUEST }));
  const [bare, durable] = await Promise.all([Echo.start(bytes), Echo.start(bytes, join(folder, 'file'))]);
  const bulk = await startBullMqBulk(folder, REQUEST).catch((error: unknown) => {
    console.log(`addBulk is left out: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  });
  return { system, bare, durable, bulk };
}

function seriesOf({ system: { client }, bare, durable, bulk }: Takers): readonly Series[] {
  const submit = (): Promise<unknown> => client.submit(REQUEST);
  const alone = (call: () => Promise<unknown>) => (jobs: number) => medianOf(call, Math.ceil(jobs / 10));
  const together = (call: () => Promise<unknown>) => (jobs: number) =>
    perSecond(jobs, () => inLanes(upTo(jobs), IN_FLIGHT, call));
  const streamed = (send: (count: number) => Promise<void>) => (jobs: number) =>
    perSecond(jobs * STREAMED, () => send(jobs * STREAMED));
  return [
    { name: 'one: marid', measure: alone(submit) },
    { name: 'one: bare call', measure: alone(() => bare.call()) },
    { name: 'one: bare call, fdatasync', measure: alone(() => durable.call()) },
    { name: '32: marid', measure: together(submit) },
    { name: '32: bare call', measure: together(() => bare.call()) },
    { name: '32: bare call, fdatasync', measure: together(() => durable.call()) },
    { name: 'streamed: marid', measure: streamed((count) => submitAll(client, count)) },
    { name: 'streamed: bare stream', measure: streamed((count) => bare.stream(count)) },
    ...(bulk === null ? [] : [{ name: 'streamed: BullMQ addBulk', measure: streamed((count) => bulk.add(count)) }]),
  ];
}

async function submitAll(client: SystemUnderTest['client'], count: number): Promise<void> {
  const items = function* () {
    for (let index = 0; index < count; index += 1) yield { request: REQUEST };
  };
  let accepted = 0;
  for await (const outcome of client.submitAll(items())) {
    if (outcome.kind === 'refused') throw outcome.error;
    accepted += outcome.created ? 1 : 0;
  }
  if (accepted !== count) throw new Error(`${String(accepted)} of ${String(count)} jobs were made`);
}

async function medianOf(call: () => Promise<unknown>, count: number): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const started = performance.now();
    await call();
    times.push(performance.now() - started);
  }
  return quantile(times, 0.5);
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (count * 1000) / (performance.now() - started);
}

function ratiosOf(figures: Readonly<Record<string, Summary>>): Readonly<Record<string, number>> {
  const ratio = (of: string, to: string): number => (figures[of]?.median ?? NaN) / (figures[to]?.median ?? NaN);
  return {
    'one in flight, to a bare call with fdatasync': ratio('one: marid', 'one: bare call, fdatasync'),
    '32 in flight, to bare calls': ratio('32: marid', '32: bare call'),
    'streamed, to a bare stream': ratio('streamed: marid', 'streamed: bare stream'),
    'streamed, to addBulk': ratio('streamed: marid', 'streamed: BullMQ addBulk'),
  };
}

function print(figures: Readonly<Record<string, Summary>>, ratios: Readonly<Record<string, number>>): void {
  for (const [name, { median, min, max }] of Object.entries(figures)) {
    const [digits, unit] = name.startsWith('one') ? ([2, ' ms'] as const) : ([0, '/s'] as const);
    const text = `${median.toFixed(digits)}${unit} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
    console.log(`${name.padEnd(32)} ${text}`);
  }
  for (const [name, value] of Object.entries(ratios)) console.log(`${name}: ${value.toFixed(2)} x`);
}
