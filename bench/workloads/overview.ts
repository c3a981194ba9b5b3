/**
 * One `marid dev` looked at whole: throughput, CPU for each job, submit latency, start latency, idle CPU and memory, beside the raw cost of starting a process in the same
 * run. With servers of the native stack in place of embedded engines where they are named: `mongo` is a stand-in for MongoDB, so what a figure says of the store holds for
 * the stand-in only; `kafka,redis` keeps the store in SQLite.
 */
import { InvalidArgumentError } from 'commander';
import { NATIVE_PRODUCTS, startForMarid, type NativeProduct } from '../../infra/deploy/native/marid-environment.js';
import { NativeStack } from '../../infra/deploy/native/native-stack.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { processesPerSecond } from '../floor.js';
import { inLanes, upTo } from '../harness/lanes.js';
import { quantile } from '../harness/statistics.js';
import { toolContext } from '../harness/tools.js';
import type { Workload } from '../harness/workload.js';
import { benchJob, SystemUnderTest, type ProcessCpu } from '../system.js';

const IN_FLIGHT = 32;
const LATENCY_JOBS = 60;
/** Milliseconds between two jobs of the start latency: about 12 a second. */
const PACE_MS = 83;
const IDLE_SECONDS = 5;

/** Marid by itself. */
export const OVERVIEW: Workload = {
  summary: 'one `marid dev`: throughput, CPU for each job, latencies, idle cost; with --engines on other engines',
  run: async ({ jobs = 2000, engines = [] }) => {
    const floor = await processesPerSecond(['/bin/true'], 1000, 4);
    const bash = await processesPerSecond(['/bin/bash', '-c', '/bin/true; true'], 1000, 4);
    row('raw process start (node spawn, 4 in flight)', `${floor.toFixed(0)}/s`);
    row('raw bash that starts a process', `${bash.toFixed(0)}/s  (${(bash / floor).toFixed(2)} x raw)`);
    const stack = new NativeStack({ ...toolContext(console.error), random: new SystemRandom() });
    try {
      const system = await SystemUnderTest.start({ environment: await startForMarid(stack, engines) });
      await new Overview(system, jobs, bash).run(engines.length === 0 ? 'embedded' : engines.join(', '));
    } finally {
      await stack.stop();
    }
  },
};

/** The servers that a list names, `native` being all. Throws naming one that there is not. */
export function enginesNamed(list: string): readonly NativeProduct[] {
  if (list === 'embedded') return [];
  if (list === 'native') return NATIVE_PRODUCTS;
  return list.split(',').map((name) => {
    const product = NATIVE_PRODUCTS.find((each) => each === name);
    if (product !== undefined) return product;
    throw new InvalidArgumentError(`There is no "${name}"; there are ${NATIVE_PRODUCTS.join(', ')}.`);
  });
}

/** The figures of one system. Stateless. */
class Overview {
  constructor(
    private readonly system: SystemUnderTest,
    private readonly jobs: number,
    private readonly bash: number,
  ) {}

  async run(engines: string): Promise<void> {
    console.log(`\nengines: ${engines}`);
    try {
      const memory = await this.system.memory();
      const idle = await this.system.idleCpu(IDLE_SECONDS);
      const endToEnd = await this.throughput();
      row(
        `no-op jobs end to end (${String(this.jobs)})`,
        `${endToEnd.toFixed(0)}/s  (${(endToEnd / this.bash).toFixed(2)} x bash)`,
      );
      row('durable submit, one in flight', quantiles(await this.submitLatency()));
      row('submit to first instruction, 12 jobs/s', quantiles(await this.startLatency()));
      row('idle CPU, marid dev', `${idle.toFixed(1)} % of a core`);
      for (const { name, residentMb, proportionalMb } of memory) {
        row(
          `idle memory, ${name}`,
          `${residentMb.toFixed(0)} MB resident, ${proportionalMb.toFixed(0)} MB proportional`,
        );
      }
    } finally {
      await this.system.stop();
    }
  }

  /** Submits all jobs and waits for the last end; every job must have succeeded exactly once. */
  private async throughput(): Promise<number> {
    const stop = new AbortController();
    const succeeded = new Map<string, number>();
    const watching = (async () => {
      for await (const { jobId, transition } of this.system.client.watchAll({ signal: stop.signal })) {
        if (transition?.to !== JobStatus.SUCCEEDED) continue;
        succeeded.set(jobId, (succeeded.get(jobId) ?? 0) + 1);
        if (succeeded.size === this.jobs) break;
      }
    })();
    const warm = await this.system.client.submit(benchJob('noop'));
    await this.system.client.wait(warm.id);
    succeeded.clear();
    const before = await this.system.cpu();
    const started = performance.now();
    await inLanes(upTo(this.jobs), IN_FLIGHT, () => this.system.client.submit(benchJob('noop')));
    row('  submitted', `${((this.jobs * 1000) / (performance.now() - started)).toFixed(0)}/s`);
    await watching;
    const elapsed = performance.now() - started;
    stop.abort();
    row('  CPU for each job', cpuPerJob(before, await this.system.cpu(), this.jobs));
    const doubled = [...succeeded.values()].filter((times) => times !== 1).length;
    if (doubled > 0) throw new Error(`${String(doubled)} jobs ended more than once`);
    return (this.jobs * 1000) / elapsed;
  }

  private async submitLatency(): Promise<number[]> {
    const times: number[] = [];
    for (let index = 0; index < 300; index += 1) {
      const started = performance.now();
      await this.system.client.submit(benchJob('noop'));
      times.push(performance.now() - started);
    }
    return times;
  }

  /** Each job prints its own start time; the difference to the submit is what a user waits. */
  private async startLatency(): Promise<number[]> {
    const times: number[] = [];
    for (let index = 0; index < LATENCY_JOBS; index += 1) {
      const submitted = Date.now() * 1e6 + (performance.now() % 1) * 1e6;
      const job = await this.system.client.submit(benchJob('sh', ['date +%s%N']));
      await this.system.client.wait(job.id);
      let text = '';
      for await (const piece of this.system.client.follow(job.id, 'stdout')) text += Buffer.from(piece).toString();
      times.push((Number(text.trim()) - submitted) / 1e6);
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
    return times;
  }
}

function row(name: string, value: string): void {
  console.log(`${name.padEnd(48)} ${value}`);
}

function cpuPerJob(before: readonly ProcessCpu[], after: readonly ProcessCpu[], jobs: number): string {
  const parts = after.map(({ name, ownMs, childrenMs }, index) => {
    const own = (ownMs - (before[index]?.ownMs ?? 0)) / jobs;
    const children = (childrenMs - (before[index]?.childrenMs ?? 0)) / jobs;
    return `${name} ${own.toFixed(2)} ms${children > 0 ? `, its children ${children.toFixed(2)} ms` : ''}`;
  });
  return parts.join(', ');
}

function quantiles(times: readonly number[]): string {
  return `p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms`;
}
