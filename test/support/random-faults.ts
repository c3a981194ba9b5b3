/** Faults of a fleet, chosen by chance and made good again. */
import type { Random } from '../../core/ports/random.js';
import type { ChaosFleet } from './chaos-fleet.js';
import type { Fault } from './fault-proxy.js';

/** What is hit: two faults at once hit different ones. */
type Target = 'worker' | 'control plane' | 'network';

/** A fault that begins and ends by itself. */
interface FaultKind {
  readonly name: string;
  readonly target: Target;
  /** Resolves when everything runs again. `worker`: the one to hit. `ms`: how long it lasts. */
  readonly strike: (fleet: ChaosFleet, worker: string, ms: number) => Promise<void>;
}

const KINDS: readonly FaultKind[] = [
  { name: 'worker killed', target: 'worker', strike: killWorker },
  { name: 'worker stopped', target: 'worker', strike: (fleet, worker, ms) => pause(pidOf(fleet, worker), ms) },
  {
    name: 'launcher killed',
    target: 'worker',
    strike: async (fleet, worker) => kill(fleet.launcher(worker), 'SIGKILL'),
  },
  { name: 'launcher stopped', target: 'worker', strike: (fleet, worker, ms) => pause(fleet.launcher(worker), ms) },
  { name: 'worker and launcher killed', target: 'worker', strike: killBoth },
  { name: 'control plane killed', target: 'control plane', strike: killControlPlane },
  {
    name: 'control plane stopped',
    target: 'control plane',
    strike: (fleet, _, ms) => pause(fleet.controlPlane.child.pid, ms),
  },
  { name: 'network refuses', target: 'network', strike: (fleet, _, ms) => disturb(fleet, { kind: 'refuse' }, ms) },
  { name: 'network half-open', target: 'network', strike: (fleet, _, ms) => disturb(fleet, { kind: 'half-open' }, ms) },
  {
    name: 'network loses answers',
    target: 'network',
    strike: (fleet, _, ms) => disturb(fleet, { kind: 'lost-answers' }, ms),
  },
  {
    name: 'network slow',
    target: 'network',
    strike: (fleet, _, ms) => disturb(fleet, { kind: 'none', delayMs: 150 }, ms),
  },
];

/** Faults of one round. */
export interface Strike {
  /** For people. */
  readonly name: string;
  /** Lets it happen; resolves when everything runs again. */
  readonly run: () => Promise<void>;
}

/** Two faults at different places, each after a moment and for up to two and a half leases: longer than until a worker is given up. */
export function chooseFaults(fleet: ChaosFleet, random: Random): readonly Strike[] {
  const first = pick(KINDS, random);
  const second = pick(
    KINDS.filter((kind) => kind.target !== first.target),
    random,
  );
  return [first, second].map((kind) => {
    const worker = pick([...fleet.workers.keys()], random);
    const [afterMs, ms] = [random.next() * 1_500, random.next() ** 3 * 2.5 * fleet.leaseTtlMs];
    const place = kind.target === 'worker' ? ` (${worker})` : '';
    return {
      name: `${kind.name}${place} after ${afterMs.toFixed(0)} ms for ${ms.toFixed(0)} ms`,
      run: async () => {
        await sleep(afterMs);
        await kind.strike(fleet, worker, ms);
      },
    };
  });
}

/** One of a list. */
export function pick<T>(list: readonly T[], random: Random): T {
  const picked = list[Math.floor(random.next() * list.length)];
  if (picked === undefined) throw new Error('there is nothing to pick from');
  return picked;
}

async function killWorker(fleet: ChaosFleet, worker: string, ms: number): Promise<void> {
  await fleet.worker(worker).end('SIGKILL');
  await sleep(ms);
  await fleet.startWorker(worker);
}

async function killBoth(fleet: ChaosFleet, worker: string, ms: number): Promise<void> {
  kill(fleet.launcher(worker), 'SIGKILL');
  await killWorker(fleet, worker, ms);
}

async function killControlPlane(fleet: ChaosFleet, _: string, ms: number): Promise<void> {
  await fleet.controlPlane.end('SIGKILL');
  await sleep(ms);
  await fleet.startControlPlane();
}

async function disturb(fleet: ChaosFleet, fault: Fault, ms: number): Promise<void> {
  fleet.network.fault = fault;
  await sleep(ms);
  fleet.network.fault = { kind: 'none' };
}

async function pause(processId: number | undefined, ms: number): Promise<void> {
  kill(processId, 'SIGSTOP');
  await sleep(ms);
  kill(processId, 'SIGCONT');
}

function pidOf(fleet: ChaosFleet, worker: string): number | undefined {
  return fleet.worker(worker).child.pid;
}

/** A launcher may have ended, or been replaced by its guard. */
function kill(processId: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (processId !== undefined) process.kill(processId, signal);
  } catch {
    // it is gone
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
