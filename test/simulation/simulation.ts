/** One run of the simulation. */
import { makeCluster, makeCommand } from '../support/job-fixtures.js';
import { check } from './checker.js';
import { ControlPlaneNode } from './control-plane-node.js';
import type { History } from './history.js';
import { IdleRoom } from './idle-room.js';
import { Nemesis } from './nemesis.js';
import { scenarioOf, type Scenario } from './scenario.js';
import type { LineSink } from './sim-logger.js';
import { Users } from './users.js';
import { WorkerNode } from './worker-node.js';
import { World } from './world.js';

/** Time for everything to become quiet after the last fault and the last submit, milliseconds. */
const QUIET_WITHIN_MS = 600_000;
/** How long it is watched once it is quiet, milliseconds. */
const AFTERMATH_MS = 15_000;
/** From the last fault until everything is as if nothing had been, milliseconds. */
const RECOVERY_MS = 20_000;
/** How long a job may wait at most while a worker of its pool has room and claims nothing, milliseconds: two requests for waiting jobs, and their time. */
const WAIT_BOUND_MS = 5000;
/** What giving a worker up takes beside lease, grace and warm-up, milliseconds: ticks, two sweeps, a last call, a barrier. */
const GIVE_UP_MS = 10_000;

/** What came of a run. */
export interface SimulationResult {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly history: History;
  /** What is wrong; empty when all is well. */
  readonly violations: readonly string[];
  /** When it was over, milliseconds of the simulation. */
  readonly endedAt: number;
}

/** Runs the scenario of a seed. `sink` gets the log lines of the code under test; default: nobody. */
export async function simulate(seed: number, sink: LineSink | null = null): Promise<SimulationResult> {
  const scenario = scenarioOf(seed);
  const world = new World(seed);
  const { timeline, history, store } = world;
  const settle: LineSink | null =
    sink === null ? null : (line) => sink(`${timeline.now.toFixed(3).padStart(12)} ${line}`);
  register(world);
  const { leaseTtlMs, leaseGraceMs, expiryWarmUpMs, heartbeatIntervalMs, pools, partitions } = scenario;
  const { cacheSize, syncSuffices, grants } = scenario;
  const leases = { leaseTtlMs, leaseGraceMs, expiryWarmUpMs, heartbeatIntervalMs };
  const settings = { ...leases, partitions, pools: [...pools] };
  const planes = scenario.planes.map(
    (plan) => new ControlPlaneNode({ ...plan, world, settings, cacheSize, syncSuffices, grants, sink: settle }),
  );
  const addresses = planes.map(({ address }) => address);
  const workers = scenario.workers.map((plan) => new WorkerNode({ ...plan, world, planes: addresses, sink: settle }));
  const users = new Users(world, addresses);
  const nemesis = new Nemesis({ world, scenario, planes, workers });
  for (const node of [...planes, ...workers]) node.start();
  for (const job of scenario.jobs) void users.want(job);
  nemesis.begin();
  const healthyAt = scenario.faultsMs + RECOVERY_MS;
  timeline.at(healthyAt, () => new IdleRoom(world, workers, WAIT_BOUND_MS).watch());

  const isQuiet = (): boolean => nemesis.rests && users.open === 0 && world.progress.isComplete;
  await timeline.run(isQuiet, scenario.faultsMs + QUIET_WITHIN_MS);
  const endedAt = timeline.now;
  await timeline.run(() => false, endedAt + AFTERMATH_MS);
  for (const node of [...planes, ...workers]) node.process.crash();

  const memory = new Map(scenario.jobs.map(({ id, memoryMb }) => [id, memoryMb]));
  const budgets = new Map(scenario.workers.map(({ name, memoryMb }) => [name, memoryMb]));
  const violations = check({
    ...{ entries: history.entries, jobs: [...store.jobs.values()], leaseTtlMs, healthyAt },
    givenUpWithinMs: leaseTtlMs + leaseGraceMs + Math.max(expiryWarmUpMs, leaseTtlMs / 2) + GIVE_UP_MS,
    memoryOf: (jobId) => memory.get(jobId) ?? 0,
    budgetOf: (host) => budgets.get(host) ?? 0,
  });
  return { seed, scenario, history, violations, endedAt };
}

/** A command and a cluster that every job matches. */
function register({ store }: World): void {
  store.entries('cluster').set('local', makeCluster({ id: 'local', name: 'local', tags: ['test'] }));
  store.entries('command').set('work', makeCommand({ id: 'work', name: 'work', tags: ['test'] }));
  store.registryRevision = 2;
}
