/** Workers of a control plane that a test lets live, fall silent and come back, on a clock of its own. */
import { partitionOf } from '../../core/dispatch/partition-of.js';
import { TOPICS } from '../../core/fleet/topics.js';
import { createInProcessClient } from './in-process-client.js';
import { encodeBeat } from '../../proto/codec/index.js';
import { WorkerNodeService } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
import { anyJob, openControlPlane, registerEntries, sendEvents, type TestControlPlane } from './control-plane.js';
import { eventually } from './eventually.js';
import { turn, type FakeClock } from './fake-clock.js';

const BEAT_MS = 5000;
const STEP_MS = 500;
/** Turns of the event loop in each step: enough for what a sweep does in memory. */
const TURNS = 25;

/** How a worker is heard of. */
export interface TestWorker {
  readonly id: string;
  session: string;
  /** By its beats. */
  beats: boolean;
  /** By calls to this control plane; `null`: not. */
  syncsAt: TestControlPlane | null;
  /** Session by which it answers probes; `null`: not. */
  answersAs: string | null;
}

/** The fleet. */
export class TestFleet {
  readonly workers: TestWorker[] = [];
  probes = 0;

  constructor(readonly clock: FakeClock) {}

  /** Connects a control plane to the workers. */
  readonly dial = (address: string) => ({ client: this.nodeAt(address), close: () => undefined });

  /** Opens a control plane over engines of its own or of another. */
  open(o: { readonly beside?: TestControlPlane; readonly path?: string } = {}): Promise<TestControlPlane> {
    const config = { leaseTtlMs: 60_000, leaseGraceMs: 15_000, expiryWarmUpMs: 60_000, partitions: 4 };
    return openControlPlane({ ...o, config, clock: this.clock, dial: this.dial });
  }

  /** Registers workers that live. */
  async add(plane: TestControlPlane, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const worker: TestWorker = { id, session: `${id}-1`, beats: true, syncsAt: plane, answersAs: `${id}-1` };
      await this.register(plane, worker, []);
      this.workers.push(worker);
    }
  }

  register(plane: TestControlPlane, { id, session }: TestWorker, held: readonly string[]) {
    const facts = { pool: 'default', host: 'host', address: `${id}:1`, memoryBudgetMb: 100_000, version: 'test' };
    const attempts = held.map((jobId) => ({ jobId, attempt: 1 }));
    return plane.workers.registerWorker({ workerId: id, session, ...facts, held: attempts });
  }

  get(id: string): TestWorker {
    const found = this.workers.find((worker) => worker.id === id);
    if (found === undefined) throw new Error(`no worker ${id}`);
    return found;
  }

  /** Lets a worker vanish. */
  vanish(id: string): void {
    Object.assign(this.get(id), { beats: false, syncsAt: null, answersAs: null });
  }

  /** Has a job run on a worker. */
  async run(plane: TestControlPlane, o: { jobId: string; workerId: string; maxAttempts?: number }): Promise<void> {
    const { jobId, workerId, maxAttempts } = o;
    const session = this.get(workerId).session;
    await plane.jobs.submitJob({ jobId, job: { ...anyJob(), maxAttempts: maxAttempts ?? 1 } });
    await plane.workers.claim({ workerId, session, claims: [{ jobId, claimId: jobId }] });
    await sendEvents(plane.log, [{ jobId, workerId, session, sequence: 1, status: 'RUNNING', at: this.clock.now() }]);
    await this.pass(plane, STEP_MS);
  }

  /** Lets time pass for a control plane and the workers that live. */
  async pass(plane: TestControlPlane, ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) {
      if (this.clock.now() % BEAT_MS < STEP_MS) await this.live(plane);
      await this.clock.advance(Math.min(STEP_MS, end - this.clock.now()));
      for (let count = 0; count < TURNS; count += 1) await turn();
    }
  }

  /** Lets time pass until a condition holds; fails after some real seconds. */
  async passUntil(plane: TestControlPlane, what: string, holds: () => Promise<boolean>): Promise<void> {
    await eventually(what, async () => {
      await this.pass(plane, 1000);
      return holds();
    });
  }

  /** Registers what jobs need. */
  async prepare(plane: TestControlPlane): Promise<void> {
    await registerEntries(plane);
  }

  private async live({ log }: TestControlPlane): Promise<void> {
    const partitions = await log.partitions({ topic: TOPICS.heartbeats });
    const records = this.workers
      .filter(({ beats }) => beats)
      .map(({ id, session }) => ({
        ...{ topic: TOPICS.heartbeats, partition: partitionOf(id, partitions), key: id, headers: {} },
        value: encodeBeat({ workerId: id, session, pool: 'default', memoryFreeMb: 1, held: [], partitions: [] }),
      }));
    if (records.length > 0) await log.produce({ records });
    // What the worker holds is not a matter here: owned attempts are claims under way for a minute, and are kept as held.
    for (const worker of this.workers) await this.sync(worker);
  }

  private async sync({ id, session, syncsAt }: TestWorker): Promise<void> {
    if (syncsAt === null) return;
    const owned = await syncsAt.store.ownedBy({ workerId: id });
    const held = owned.map((job) => ({ jobId: job.id, attempt: job.attempt }));
    await syncsAt.workers.sync({ workerId: id, session, memoryFreeMb: 1, held });
  }

  private nodeAt(address: string) {
    const never = (): Promise<never> => Promise.reject(new Error('not asked for'));
    return createInProcessClient(WorkerNodeService, {
      listNodeFiles: never,
      readNodeFile: () => {
        throw new Error('not asked for');
      },
      killAttempt: async () => ({ held: true }),
      probe: async () => {
        this.probes += 1;
        const { id, answersAs } = this.get(address.replace(/:1$/, ''));
        if (answersAs === null) throw new Error('nobody answers');
        return { workerId: id, session: answersAs };
      },
    });
  }
}
