/** Marid over a Kafka that tests break: real processes, one control plane on SQLite, one worker that reads Kafka itself and one that reads through the control plane. */
import { writeFile } from 'node:fs/promises';
import { MaridClient } from '../../client/index.js';
import { jobTopic, TOPICS } from '../../core/fleet/topics.js';
import { NativeStack, type ServerProcess } from '../../infra/deploy/native/native-stack.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { JobStatus, type Job } from '../../proto/gen/marid/v1/job_pb.js';
import { eventually } from './eventually.js';
import { FaultProxy } from './fault-proxy.js';
import { uniqueName } from './job-fixtures.js';
import { withAdmin } from './kafka.js';
import { Ledger } from './ledger.js';
import { MaridBench, type MaridProcess } from './marid-process.js';
import { applyRegistry } from './registry-files.js';

/** MiB of each worker: sixteen jobs of the registry's command. */
export const WORKER_MB = 1024;
/** Calls of a test that are under way at once. */
const IN_FLIGHT = 8;
/** Longest that any call may take, milliseconds. */
const BOUND_MS = 10_000;
/** Longest that the work may take to be done once nothing is broken any more, milliseconds. */
const RECOVERY_MS = 90_000;

/** A broker of one's own, and a proxy that Marid reaches it through. */
export class BreakableKafka {
  private constructor(
    private readonly stack: NativeStack,
    /** To be killed and started. */
    readonly server: ServerProcess,
    /** On the way of everything that Marid sends. */
    readonly proxy: FaultProxy,
    /** Past the proxy. */
    readonly url: string,
  ) {}

  static async start(): Promise<BreakableKafka> {
    const stack = new NativeStack({ environment: process.env, clock: new SystemClock(), random: new SystemRandom() });
    const proxy = await FaultProxy.open('127.0.0.1:1');
    const { servers, urls } = await stack.start('kafka', { proxyPort: proxy.address.port });
    const [[server], [url, behind]] = [servers, urls];
    if (server === undefined || url === undefined || behind === undefined) throw new Error('one broker, two addresses');
    proxy.lead(behind);
    return new BreakableKafka(stack, server, proxy, url);
  }

  /** Whether all topics of an installation are there, with at least that many partitions. */
  async hasTopics(marid: KafkaMarid, partitions: number): Promise<boolean> {
    const described = withAdmin(this.url, (admin) => admin.fetchTopicMetadata({ topics: [...marid.topics] }));
    const { topics } = await described.catch(() => ({ topics: [] }));
    return topics.length > 0 && topics.every((topic) => topic.partitions.length >= partitions);
  }

  /** Records that the broker has ever stored in the topics of an installation. */
  async stored(marid: KafkaMarid): Promise<number> {
    const ends = await withAdmin(this.url, (admin) =>
      Promise.all(marid.topics.map((topic) => admin.fetchTopicOffsets(topic))),
    );
    return ends.flat().reduce((sum, { high }) => sum + Number(high), 0);
  }

  /** Resolves when the broker has stored that many more. */
  async untilStored(marid: KafkaMarid, more: number): Promise<void> {
    const wanted = (await this.stored(marid)) + more;
    await eventually(`${String(more)} records`, async () => (await this.stored(marid)) >= wanted, RECOVERY_MS);
  }

  /** How many more the broker has stored when there are any, at the latest after that time. */
  async storedWithin(marid: KafkaMarid, timeoutMs: number): Promise<number> {
    const before = await this.stored(marid);
    const more = async (): Promise<number | false> => (await this.stored(marid)) - before || false;
    return eventually('a record', more, timeoutMs).catch(() => 0);
  }

  /** Runs, and everything passes. */
  async heal(): Promise<void> {
    this.proxy.fault = { kind: 'none' };
    await this.server.start();
  }

  async stop(): Promise<void> {
    await this.proxy.close();
    await this.stack.stop();
  }
}

/** Options of `KafkaMarid.start`. */
export interface KafkaMaridOptions {
  /** Added to the environment of all processes. Default: nothing. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: the product's. */
  readonly leaseTtlMs?: number;
  /** Called when the control plane serves and no worker has begun. Default: nothing. */
  readonly beforeWorkers?: (marid: KafkaMarid) => Promise<void>;
}

/** What became of the calls of a test. */
export interface Calls {
  readonly failures: string[];
  longestMs: number;
}

/** One installation. */
export class KafkaMarid {
  readonly ledger: Ledger;
  /** In the order of their starts. */
  readonly workers: { readonly name: string; readonly process: MaridProcess }[] = [];
  /** Of the calls since `forgetCalls`. */
  readonly calls: Calls = { failures: [], longestMs: 0 };

  private constructor(
    readonly bench: MaridBench,
    readonly client: MaridClient,
    public controlPlane: MaridProcess,
    private readonly environment: Readonly<Record<string, string>>,
    /** First part of the names of its topics and groups. */
    readonly installation: string,
  ) {
    this.ledger = new Ledger(bench.path('ledger'));
  }

  static async start(kafka: BreakableKafka, options: KafkaMaridOptions = {}): Promise<KafkaMarid> {
    const bench = await MaridBench.open();
    const installation = uniqueName('t').toLowerCase();
    const { leaseTtlMs } = options;
    const lease = leaseTtlMs === undefined ? {} : { MARID_CONTROL_PLANE_LEASE_TTL_MS: String(leaseTtlMs) };
    const environment = {
      ...options.environment,
      ...lease,
      MARID_CONTROL_PLANE_HEARTBEAT_INTERVAL_MS: '1000',
      MARID_CONTROL_PLANE_INSTALLATION: installation,
      MARID_CONTROL_PLANE_LOG: 'kafka',
      MARID_CONTROL_PLANE_KAFKA_BROKERS: kafka.proxy.url,
      MARID_WORKER_INSTALLATION: installation,
    };
    const direct = { MARID_WORKER_LOG: 'kafka', MARID_WORKER_KAFKA_BROKERS: kafka.proxy.url };
    const controlPlane = await bench.start(controlPlaneAt(bench, '127.0.0.1:0'), environment);
    const client = MaridClient.connect({ address: controlPlane.address });
    const marid = new KafkaMarid(bench, client, controlPlane, { ...environment, ...direct }, installation);
    await applyRegistry(bench, controlPlane.address);
    await options.beforeWorkers?.(marid);
    await Promise.all([marid.startWorker('direct'), marid.startWorker('remote', environment)]);
    await marid.untilJobsRun();
    return marid;
  }

  /** Starts a worker; by default one that reads Kafka itself. */
  async startWorker(name: string, environment = this.environment): Promise<void> {
    const { bench, controlPlane } = this;
    const args = ['worker', '--control-plane', controlPlane.address, '--state-folder', bench.path(name)];
    const worker = await bench.start([...args, '--memory', `${String(WORKER_MB)}m`], environment);
    this.workers.push({ name, process: worker });
  }

  /** Kills the control plane and the worker that reads Kafka itself, and starts them again where they were. */
  async killAndRestart(): Promise<void> {
    const { bench, controlPlane, environment, workers } = this;
    const direct = workers.find(({ name }) => name === 'direct');
    await Promise.all([controlPlane.end('SIGKILL'), direct?.process.end('SIGKILL')]);
    this.controlPlane = await bench.start(controlPlaneAt(bench, controlPlane.address), environment);
    await this.startWorker('direct');
  }

  /** All topics, as the brokers name them. */
  get topics(): readonly string[] {
    return [jobTopic('default'), ...Object.values(TOPICS)].map((topic) => this.nameOf(topic));
  }

  /** Name at the brokers of a topic or group that Marid knows as `marid.x`. */
  nameOf(name: string): string {
    return name.replace(/^marid\./, `${this.installation}.`);
  }

  /** A body for jobs that run until `open` is called. */
  gate(name: string): { readonly body: string; readonly open: () => Promise<void> } {
    const file = this.bench.path(`gate-${name}`);
    return { body: `until [ -e '${file}' ]; do sleep 0.2; done`, open: () => writeFile(file, '') };
  }

  /** Submits one job with one try. What fails is noted; null then. */
  async submit(id: string, options: { readonly body?: string; readonly memoryMb?: number } = {}): Promise<Job | null> {
    const job = {
      ...{ user: 'tests', clusterCriteria: [{ tags: ['sched:test'] }], commandCriterion: { tags: ['type:shell'] } },
      arguments: [this.ledger.script(options.body)],
      ...(options.memoryMb === undefined ? {} : { memoryMb: options.memoryMb }),
    };
    return this.call(async () => (await this.client.jobs.submitJob({ jobId: id, job }, DEADLINE)).job ?? null);
  }

  /** Submits that many jobs, several at once, each until it is accepted; their ids. */
  async submitMany(
    name: string,
    count: number,
    options: { readonly body?: string; readonly onAccepted?: (accepted: number) => void } = {},
  ): Promise<readonly string[]> {
    const accepted: string[] = [];
    let next = 0;
    const submitter = async (): Promise<void> => {
      while (next < count) {
        const id = `${name}-${String(next++)}`;
        await eventually(`${id} to be accepted`, () => this.submit(id, options), RECOVERY_MS);
        accepted.push(id);
        options.onAccepted?.(accepted.length);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, submitter));
    return accepted;
  }

  /** Begins the account of calls anew. */
  forgetCalls(): void {
    this.calls.failures.length = 0;
    this.calls.longestMs = 0;
  }

  /** Does a call and notes how it went; null when it failed. */
  async call<T>(work: () => Promise<T>): Promise<T | null> {
    const startedAt = performance.now();
    try {
      return await work();
    } catch (error) {
      this.calls.failures.push((error as { readonly code?: string }).code ?? String(error));
      return null;
    } finally {
      this.calls.longestMs = Math.max(this.calls.longestMs, performance.now() - startedAt);
    }
  }

  /** Resolves when these have an entry in the ledger. */
  async untilEntered(what: 'start' | 'end', ids: readonly string[], timeoutMs = RECOVERY_MS): Promise<void> {
    await eventually(
      `the ${what} of ${ids.join()}`,
      async () => {
        const entries = new Set(await this.ledger.entries(what));
        return ids.every((id) => entries.has(id));
      },
      timeoutMs,
    );
  }

  /** Waits for the ends of these jobs; everything about them that is not as it should be, with the calls so far. */
  async verdict(ids: readonly string[]): Promise<readonly string[]> {
    const jobs = await Promise.all(ids.map((id) => this.client.wait(id, { timeoutMs: RECOVERY_MS }).catch(String)));
    const ended = jobs.flatMap((job) => {
      if (typeof job === 'string') return [job];
      return job.status === JobStatus.SUCCEEDED ? [] : [`${job.id}: ${JobStatus[job.status]}, ${job.message}`];
    });
    const bad = this.calls.failures.filter((code) => !['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(code));
    const slow = this.calls.longestMs > BOUND_MS ? [`a call took ${String(this.calls.longestMs)} ms`] : [];
    return [...ended, ...(await this.ledger.wrong(ids)), ...bad, ...slow];
  }

  /** Resolves when a job has run to its end. */
  async untilJobsRun(): Promise<void> {
    const id = uniqueName('warm');
    await this.submit(id);
    await this.client.wait(id, { timeoutMs: RECOVERY_MS });
  }

  async close(): Promise<void> {
    await this.client.close();
    // First those that have something to tell the control plane.
    await Promise.all(this.workers.map(({ process }) => process.end()));
    await this.bench.close();
  }
}

function controlPlaneAt(bench: MaridBench, listen: string): readonly string[] {
  return ['control-plane', '--listen', listen, '--data-folder', bench.path('data')];
}

const DEADLINE = { timeoutMs: BOUND_MS };
