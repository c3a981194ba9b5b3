/** What a simulation consists of, chosen by its seed. */
import type { Random } from '../../core/ports/random.js';
import { SeededRandom } from '../support/seeded-random.js';
import { hashOf } from './programs.js';

/** A worker host. */
export interface WorkerPlan {
  readonly name: string;
  readonly pool: string;
  readonly memoryMb: number;
  readonly skewMs: number;
}

/** A job that a user submits. */
export interface JobPlan {
  readonly id: string;
  readonly pool: string;
  readonly memoryMb: number;
  readonly maxAttempts: number;
  /** Longest run time, milliseconds; `null`: the default. */
  readonly timeoutMs: number | null;
  /** When it is submitted, milliseconds of the simulation. */
  readonly submitAt: number;
  /** How long after the submit the user asks to kill it, milliseconds; `null`: never. */
  readonly killAfterMs: number | null;
}

/** A simulation. */
export interface Scenario {
  readonly planes: readonly { readonly name: string; readonly skewMs: number }[];
  readonly pools: readonly string[];
  readonly workers: readonly WorkerPlan[];
  readonly jobs: readonly JobPlan[];
  readonly partitions: number;
  /** Jobs that each cache of a control plane keeps. */
  readonly cacheSize: number;
  readonly leaseTtlMs: number;
  readonly heartbeatIntervalMs: number;
  /** Until when there are faults, milliseconds; 0: there are none. */
  readonly faultsMs: number;
  readonly faults: number;
  /** Faults of hosts and of slow readers, besides the others. */
  readonly hostFaults: number;
  /** Whether workers beat only when their renewals are not answered. */
  readonly syncSuffices: boolean;
  /** Whether jobs are granted to workers whose calls are held: only with one control plane. */
  readonly grants: boolean;
  /** The only fault, of `SINGLE_FAULTS`, for what rarely happens among others; `null`: there are others. */
  readonly single: 'late beats' | 'lost answers' | null;
  /** See `leaseGraceMs` and `expiryWarmUpMs` of a control plane. */
  readonly leaseGraceMs: number;
  readonly expiryWarmUpMs: number;
}

const TTLS_MS = [8000, 15_000, 30_000] as const;
/** The smallest worker has room for the largest job. */
const LARGEST_JOB_MB = 600;
/** Wall clocks of workers may be wrong by this much, milliseconds; those of control planes by a little. */
const WORKER_SKEW_MS = 600_000;
const PLANE_SKEW_MS = 1500;
/** More than the clocks of control planes differ, also when one is set. */
const LEAST_GRACE_MS = 7000;
const SINGLE = {
  ...{ faults: 0, hostFaults: 0, faultsMs: 55_000 },
  ...{ leaseTtlMs: TTLS_MS[0], heartbeatIntervalMs: 1000, leaseGraceMs: LEAST_GRACE_MS, expiryWarmUpMs: 0 },
};

/** The scenario of a seed: every seventh without faults, every second with those of hosts, a few with a single one, every twentieth with hundreds of jobs. */
export function scenarioOf(seed: number): Scenario {
  const random = new SeededRandom(hashOf(`${String(seed)} scenario`));
  const pools = random.next() < 0.3 ? ['default', 'other'] : ['default'];
  const leaseTtlMs = pick(random, TTLS_MS);
  const faultsMs = seed % 7 === 0 ? 0 : between(random, 20_000, 60_000);
  const planes = planesOf(random);
  return {
    planes,
    pools,
    workers: workersOf(random, pools),
    jobs: jobsOf(random, { seed, pools, count: seed % 20 === 1 ? between(random, 150, 300) : between(random, 15, 50) }),
    partitions: between(random, 1, 4),
    cacheSize: pick(random, [5, 50, 500]),
    leaseTtlMs,
    heartbeatIntervalMs: Math.round(leaseTtlMs / between(random, 5, 10)),
    faultsMs,
    faults: faultsMs === 0 ? 0 : between(random, 2, 20),
    ...hostFaultsOf(seed, faultsMs),
    syncSuffices: seed % 3 === 0 && seed % 8 !== 7,
    grants: seed % 2 === 0 && planes.length === 1,
    ...(seed % 8 === 7 ? { ...SINGLE, single: 'late beats' } : {}),
    ...(seed % 16 === 11 ? { ...SINGLE, single: 'lost answers' } : {}),
  };
}

/** Drawn apart, so that the other seeds stay as they are. With them workers are given up early, so that it happens while there are faults. */
function hostFaultsOf(
  seed: number,
  faultsMs: number,
): Pick<Scenario, 'hostFaults' | 'single' | 'leaseGraceMs' | 'expiryWarmUpMs'> {
  const random = new SeededRandom(hashOf(`${String(seed)} hosts`));
  if (faultsMs === 0 || seed % 4 === 1 || seed % 4 === 2) {
    return { hostFaults: 0, single: null, leaseGraceMs: 15_000, expiryWarmUpMs: 60_000 };
  }
  return {
    hostFaults: between(random, 1, 10),
    single: null,
    leaseGraceMs: between(random, LEAST_GRACE_MS, 10_000),
    expiryWarmUpMs: between(random, 0, 10_000),
  };
}

/** A whole number, both ends included. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random.next() * (most - least + 1));
}

/** One of several. */
export function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[Math.floor(random.next() * from.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}

function planesOf(random: Random): Scenario['planes'] {
  const names = random.next() < 0.5 ? ['plane-1', 'plane-2'] : ['plane-1'];
  return names.map((name) => ({ name, skewMs: between(random, -PLANE_SKEW_MS, PLANE_SKEW_MS) }));
}

function workersOf(random: Random, pools: readonly string[]): readonly WorkerPlan[] {
  const count = between(random, pools.length, 4);
  return Array.from({ length: count }, (_, index) => ({
    name: `worker-${String(index + 1)}`,
    pool: pools[index % pools.length] ?? 'default',
    memoryMb: between(random, LARGEST_JOB_MB / 100, 20) * 100,
    skewMs: between(random, -WORKER_SKEW_MS, WORKER_SKEW_MS),
  }));
}

function jobsOf(
  random: Random,
  o: { readonly seed: number; readonly pools: readonly string[]; readonly count: number },
): readonly JobPlan[] {
  const overMs = pick(random, [2000, 20_000, 40_000]);
  return Array.from({ length: o.count }, (_, index) => ({
    id: `job-${String(o.seed)}-${String(index + 1)}`,
    pool: pick(random, o.pools),
    memoryMb: between(random, 1, random.next() < 0.2 ? LARGEST_JOB_MB / 100 : 3) * 100,
    maxAttempts: random.next() < 0.4 ? between(random, 2, 4) : 1,
    timeoutMs: random.next() < 0.1 ? between(random, 1000, 8000) : null,
    submitAt: random.next() * overMs,
    killAfterMs: random.next() < 0.15 ? random.next() * 15_000 : null,
  }));
}
