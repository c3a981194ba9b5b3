/** Marid on the distributed engines while their servers fail: two control planes that compete to lead, two workers, and callers that never cease. */
import { writeFile } from 'node:fs/promises';
import { MaridClient } from '../../client/index.js';
import { isMaridError } from '../../core/errors/marid-error.js';
import { freePort } from '../../infra/deploy/native/ports.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { eventually } from './eventually.js';
import { Ledger } from './ledger.js';
import { MaridBench, type MaridProcess } from './marid-process.js';

/** More than Marid takes for any call; an answer that comes later counts as none. */
const GIVE_UP_MS = 20_000;
/** Longest that the work may take to go on once nothing is broken any more, milliseconds. */
export const RECOVERY_MS = 60_000;

/** Environment of a process. */
type Environment = Readonly<Record<string, string>>;

/** One control plane with a client of it alone. */
export interface Plane {
  readonly address: string;
  readonly client: MaridClient;
  process: MaridProcess;
}

/** One installation; `close` ends it. */
export class DistributedMarid {
  readonly planes: Plane[] = [];
  readonly ledger: Ledger;
  /** Of both control planes. */
  readonly client: MaridClient;

  private constructor(
    readonly bench: MaridBench,
    private readonly environment: Environment,
    private readonly addresses: readonly string[],
  ) {
    this.ledger = new Ledger(bench.path('ledger'));
    this.client = MaridClient.connect({ address: addresses.join(',') });
  }

  /** Nothing runs yet; the addresses of two control planes are chosen. */
  static async open(environment: Environment): Promise<DistributedMarid> {
    const random = new SystemRandom();
    const ports = [await freePort(random), await freePort(random)];
    return new DistributedMarid(
      await MaridBench.open(),
      environment,
      ports.map((port) => `127.0.0.1:${String(port)}`),
    );
  }

  /** Starts a control plane, again if it is there already. */
  async startPlane(index: 0 | 1, overrides: Environment = {}): Promise<Plane> {
    const address = this.addresses[index] ?? '';
    const environment = { ...this.environment, ...overrides };
    const process = await this.bench.start(['control-plane', '--listen', address], environment);
    const plane = this.planes[index] ?? { address, client: MaridClient.connect({ address }), process };
    plane.process = process;
    this.planes[index] = plane;
    return plane;
  }

  /** Starts a worker that knows both control planes. */
  async startWorker(name: string): Promise<MaridProcess> {
    const args = ['worker', '--control-plane', this.addresses.join(','), '--state-folder', this.bench.path(name)];
    return this.bench.start([...args, '--memory', '1g'], this.environment);
  }

  /** A body for jobs that run until `open` is called. */
  gate(name: string): { readonly body: string; readonly open: () => Promise<void> } {
    const file = this.bench.path(`gate-${name}`);
    return { body: `until [ -e '${file}' ]; do sleep 0.2; done`, open: () => writeFile(file, '') };
  }

  /** Lines of control planes about calls that failed by a defect. */
  defects(): readonly string[] {
    const lines = this.planes.flatMap(({ process }) => process.stderr().split('\n'));
    return lines.filter((line) => line.includes('"call failed unexpectedly"'));
  }

  /** What to submit. */
  request(body?: string) {
    return {
      ...{ user: 'tests', clusterCriteria: [{ tags: ['sched:test'] }], commandCriterion: { tags: ['type:shell'] } },
      arguments: [this.ledger.script(body)],
    };
  }

  /** Starts callers, half of them at each control plane. */
  call(name: string, count: number): Callers {
    const callers = new Callers(this, name);
    for (let index = 0; index < count; index += 1) callers.start(index);
    return callers;
  }

  async close(): Promise<void> {
    await Promise.all([this.client, ...this.planes.map(({ client }) => client)].map((client) => client.close()));
    await this.bench.close();
  }
}

/** Each caller submits a job until it is accepted, asks the other control plane for it, waits for its end, and begins again. What they are told is noted. */
export class Callers {
  readonly accepted: string[] = [];
  /** Codes of the failures that callers are promised. */
  readonly failures: string[] = [];
  ended = 0;
  slowestMs = 0;
  private readonly wrong: string[] = [];
  private readonly stopped = new AbortController();
  private readonly running: Promise<void>[] = [];
  private submitted = 0;
  private lastFailure = 'none';

  constructor(
    private readonly marid: DistributedMarid,
    private readonly name: string,
  ) {}

  /** Adds a caller. */
  start(index: number): void {
    const { planes } = this.marid;
    const [own, other] = [planes[index % planes.length], planes[(index + 1) % planes.length]];
    if (own === undefined || other === undefined) throw new Error('there is no control plane');
    this.running.push(
      this.repeat(own.client, other.client).catch((error: unknown) => {
        this.wrong.push(`${String(error)}; the last failure of a call: ${this.lastFailure}`);
      }),
    );
  }

  /** Resolves when that many more jobs have ended, or something is wrong. */
  async more(count: number): Promise<void> {
    const before = this.ended;
    const done = (): boolean => this.ended >= before + count || this.wrong.length > 0;
    await eventually(`${String(count)} more jobs to end`, done, RECOVERY_MS);
  }

  /** Lets the callers come to an end; everything that was not as promised. */
  async verdict(boundMs: number): Promise<readonly string[]> {
    this.stopped.abort();
    await Promise.all(this.running);
    const slow = this.slowestMs > boundMs ? [`a call took ${String(this.slowestMs)} ms`] : [];
    return [...this.wrong, ...slow, ...this.marid.defects(), ...(await this.marid.ledger.wrong(this.accepted))];
  }

  private async repeat(own: MaridClient, other: MaridClient): Promise<void> {
    while (!this.stopped.signal.aborted) {
      const jobId = `${this.name}-${String(this.submitted++)}`;
      const job = this.marid.request();
      const submit = () => this.ask(() => own.jobs.submitJob({ jobId, job }, { timeoutMs: GIVE_UP_MS }));
      await eventually(`${jobId} to be accepted`, submit, RECOVERY_MS);
      this.accepted.push(jobId);
      await this.ask(() => other.jobs.getJob({ jobId }, { timeoutMs: GIVE_UP_MS }));
      const { status, message } = await own.wait(jobId, { timeoutMs: RECOVERY_MS });
      if (status !== JobStatus.SUCCEEDED) this.wrong.push(`${jobId}: ${JobStatus[status]}, ${message}`);
      this.ended += 1;
    }
  }

  /** One call; null when it failed. */
  private async ask<T>(call: () => Promise<T>): Promise<T | null> {
    const began = performance.now();
    try {
      return await call();
    } catch (error) {
      const code = isMaridError(error) ? error.code : '';
      this.lastFailure = String(error);
      if (code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED') this.failures.push(code);
      else this.wrong.push(`a false answer: ${String(error)}`);
      return null;
    } finally {
      this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
    }
  }
}
