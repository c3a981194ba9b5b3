/** A control plane and workers as separate processes, a network between them that can fail, and jobs that keep a ledger. */
import { decodeRecords } from '../../infra/process/launcher/attempt-record.js';
import { JOURNAL_FILE } from '../../infra/process/launcher/record-journal.js';
import { readFileSync } from 'node:fs';
import { JobStatus, MaridClient, type Job } from '../../client/index.js';
import { eventually } from './eventually.js';
import { FaultProxy } from './fault-proxy.js';
import { JobLedger, type JobBehaviour } from './job-ledger.js';
import { MaridBench, type MaridProcess } from './marid-process.js';
import { applyRegistry } from './registry-files.js';

/** Characters of a log that are shown. */
const LOG_TAIL = 4_000;

/** Options of `ChaosFleet.open`. */
export interface ChaosFleetOptions {
  /** Lease of the workers, in milliseconds; they beat eight times as often. Default: 4,000. */
  readonly leaseTtlMs?: number;
  /** Names of the workers, which are their state folders too. Default: one, `w1`. */
  readonly workers?: readonly string[];
  /** Further environment of the workers. Default: none. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Options of a job. */
export interface ChaosJob extends JobBehaviour {
  /** Default: 1. */
  readonly maxAttempts?: number;
  /** Default: a new one. */
  readonly id?: string;
}

/** Everything of one test; `close` ends and removes it. */
export class ChaosFleet {
  readonly workers = new Map<string, MaridProcess>();

  private constructor(
    readonly bench: MaridBench,
    readonly leaseTtlMs: number,
    private readonly environment: Readonly<Record<string, string>>,
    readonly ledger: JobLedger,
    /** The control plane that was started last. */
    public controlPlane: MaridProcess,
    /** Between workers and the control plane. */
    readonly network: FaultProxy,
    readonly client: MaridClient,
  ) {}

  static async open(options: ChaosFleetOptions = {}): Promise<ChaosFleet> {
    const { leaseTtlMs = 4_000, workers = ['w1'], environment = {} } = options;
    const bench = await MaridBench.open();
    const controlPlane = await startControlPlane(bench, leaseTtlMs, '127.0.0.1:0');
    const network = await FaultProxy.open(controlPlane.address);
    const client = MaridClient.connect({ address: controlPlane.address, timeoutMs: 60_000 });
    const ledger = new JobLedger(bench.folder);
    const fleet = new ChaosFleet(bench, leaseTtlMs, environment, ledger, controlPlane, network, client);
    await Promise.all([applyRegistry(bench, controlPlane.address), ...workers.map((name) => fleet.startWorker(name))]);
    return fleet;
  }

  /** Starts the control plane again, at the same address. */
  async startControlPlane(): Promise<void> {
    this.controlPlane = await startControlPlane(this.bench, this.leaseTtlMs, this.controlPlane.address);
  }

  /** Starts a worker, for the first time or again. */
  async startWorker(name: string): Promise<MaridProcess> {
    const options = ['--state-folder', this.bench.path(name), '--memory', '2g'];
    const environment = {
      MARID_WORKER_DRAIN_TIMEOUT_MS: '2000',
      MARID_WORKER_KILL_GRACE_MS: '500',
      ...this.environment,
    };
    const worker = await this.bench.start(['worker', '--control-plane', this.network.url, ...options], environment);
    this.workers.set(name, worker);
    return worker;
  }

  /** The process of a worker. */
  worker(name = 'w1'): MaridProcess {
    const worker = this.workers.get(name);
    if (worker === undefined) throw new Error(`there is no worker ${name}`);
    return worker;
  }

  /** Process number of a worker's newest launcher. */
  launcher(name = 'w1'): number {
    const serving = [...this.launcherLog(name).matchAll(/"launcher":(\d+).*"msg":"serving"/g)].at(-1)?.[1];
    if (serving === undefined) throw new Error(`worker ${name} has no launcher`);
    return Number(serving);
  }

  /** Exits that the launchers of a worker have written down and nobody has taken. */
  recordedExits(name = 'w1'): number {
    const text = readFileSync(this.bench.path(name, 'launcher', JOURNAL_FILE), 'utf8');
    return [...decodeRecords(text, () => undefined).values()].filter(({ exit }) => exit !== null).length;
  }

  private launcherLog(name: string): string {
    return readFileSync(this.bench.path(name, 'launcher', 'launcher.log'), 'utf8');
  }

  /** Submits a job that keeps the ledger. */
  submit({ maxAttempts = 1, id, ...behaviour }: ChaosJob): Promise<Job> {
    const request = {
      user: 'tests',
      clusterCriteria: [{ tags: ['sched:test'] }],
      commandCriterion: { tags: ['type:shell'] },
      arguments: [this.ledger.script(behaviour)],
      maxAttempts,
    };
    return this.client.submit(request, { id });
  }

  /** Submits as many jobs as `jobs` has entries, and waits until all have stamped their start. */
  async run(jobs: readonly ChaosJob[]): Promise<readonly Job[]> {
    const before = this.ledger.of('start').length;
    const submitted = await Promise.all(jobs.map((job) => this.submit(job)));
    await eventually('all jobs to start', () => this.ledger.of('start').length >= before + jobs.length, 60_000);
    return submitted;
  }

  /** The jobs once they have ended; rejects with the story of one that does not. */
  wait(jobs: readonly Job[], timeoutMs = 120_000): Promise<readonly Job[]> {
    const wait = async ({ id }: Job): Promise<Job> => {
      try {
        return await this.client.wait(id, { timeoutMs });
      } catch (cause) {
        const job = await this.client.get(id);
        const steps = job.history.map(({ to, reason, message }) => `${JobStatus[to]} ${reason} ${message}`);
        throw new Error(`job ${id} has not ended: ${steps.join(' | ')}`, { cause });
      }
    };
    return Promise.all(jobs.map(wait));
  }

  /** Events of workers that the control plane has dropped as stale, as it counts them. */
  async staleEvents(): Promise<number> {
    const address = /"address":"([^"]+)","msg":"metrics are served"/.exec(this.controlPlane.stderr())?.[1] ?? '';
    const text = await (await fetch(`http://${address}/metrics`)).text();
    return Number(/^marid_worker_events_total\{outcome="stale"\} (\d+)$/m.exec(text)?.[1]);
  }

  /** The last that each process has logged. */
  logs(): string {
    const processes: readonly (readonly [string, string])[] = [
      ['control plane', this.controlPlane.stderr()],
      ...[...this.workers].map(([name, worker]) => [name, worker.stderr()] as const),
      ...[...this.workers.keys()].map((name) => [`launcher of ${name}`, this.launcherLog(name)] as const),
    ];
    return processes.map(([name, text]) => `--- ${name}\n${text.slice(-LOG_TAIL)}`).join('\n');
  }

  /** Resolves when nothing of any job lives. */
  async quiet(timeoutMs = 30_000): Promise<void> {
    await eventually('all processes of jobs to end', () => this.ledger.alive().length === 0, timeoutMs);
  }

  /** Ends all processes of Marid. */
  stop(): Promise<void> {
    return this.bench.stop();
  }

  /** Ends and removes it. */
  async close(): Promise<void> {
    this.network.fault = { kind: 'none' };
    await this.client.close();
    await this.bench.close();
    await this.network.close();
  }
}

function startControlPlane(bench: MaridBench, leaseTtlMs: number, listen: string): Promise<MaridProcess> {
  const environment = {
    MARID_CONTROL_PLANE_LEASE_TTL_MS: String(leaseTtlMs),
    MARID_CONTROL_PLANE_HEARTBEAT_INTERVAL_MS: String(Math.floor(leaseTtlMs / 8)),
    MARID_CONTROL_PLANE_LEASE_GRACE_MS: '2000',
    MARID_CONTROL_PLANE_EXPIRY_WARM_UP_MS: '2000',
    MARID_CONTROL_PLANE_METRICS_LISTEN: '127.0.0.1:0',
    MARID_LOG_LEVEL: 'debug',
  };
  return bench.start(['control-plane', '--listen', listen, '--data-folder', bench.path('data')], environment);
}
