/** Faults of hosts, of their clocks and launchers, and of readers that are late. */
import type { Random } from '../../core/ports/random.js';
import type { ControlPlaneNode } from './control-plane-node.js';
import type { Fault, Faults } from './nemesis.js';
import { between, pick } from './scenario.js';
import type { WorkerNode } from './worker-node.js';

/** How far the clock of a worker's host is set, and that of a control plane, milliseconds. */
const WORKER_JUMP_MS = 600_000;
const PLANE_JUMP_MS = 2000;
/** Longest lag of readers, milliseconds. */
const LAG_MS = 30_000;
/** Least lag when a worker's beats are all that is heard of it, milliseconds: more than a short lease. */
const BEAT_LAG_MS = 20_000;

/** The table. */
export const HOST_FAULTS: Faults = [
  { weight: 3, mostMs: 1000, fault: crashLauncher },
  { weight: 2, mostMs: 1000, fault: destroyHost },
  { weight: 2, mostMs: 30_000, fault: setClock('workers', WORKER_JUMP_MS) },
  { weight: 1, mostMs: 30_000, fault: setClock('planes', PLANE_JUMP_MS) },
  { weight: 2, mostMs: 40_000, fault: delayReaders },
  { weight: 2, mostMs: 8000, fault: startAnew },
];

/**
 * Faults that need the time of a lease without any other. Late beats: they alone keep a lease, and are read so late that the worker would be given up if it went by the clock. Lost answers: claims are made and
 * not heard of, for so long that some of the jobs are killed meanwhile.
 */
export const SINGLE_FAULTS: Readonly<Record<'late beats' | 'lost answers', Faults[number]>> = {
  'late beats': { weight: 1, leastMs: 40_000, mostMs: 10_000, fault: beatUnread },
  'lost answers': { weight: 1, leastMs: 25_000, mostMs: 10_000, fault: loseAnswers },
};

function crashLauncher({ workers }: Parameters<Fault>[0], random: Random): ReturnType<Fault> {
  const { launcher, name } = pick(random, workers);
  launcher.crash();
  return { what: `crash of the launcher of ${name}`, heal: () => undefined };
}

/** A host is lost for ever, unless it is the last one of its pool. */
function destroyHost({ workers }: Parameters<Fault>[0], random: Random): ReturnType<Fault> {
  const worker = pick(random, workers);
  const others = workers.filter(({ gone, pool, name }) => !gone && pool === worker.pool && name !== worker.name);
  if (others.length > 0) worker.destroy();
  return { what: `${others.length > 0 ? 'loss' : 'scare'} of ${worker.name} for ever`, heal: () => undefined };
}

/** The clock of a host is set forward or back, and set right in the end. */
function setClock(which: 'workers' | 'planes', mostMs: number): Fault {
  return (nemesis, random) => {
    const nodes: readonly (ControlPlaneNode | WorkerNode)[] = nemesis[which];
    const { skew, process } = pick(random, nodes);
    const [before, ms] = [skew.ms, between(random, -mostMs, mostMs)];
    skew.ms += ms;
    return { what: `clock of ${process.name} set by ${String(ms)} ms`, heal: () => void (skew.ms = before) };
  };
}

/** What is appended to the log is read late, by everybody. */
function delayReaders({ world }: Parameters<Fault>[0], random: Random): ReturnType<Fault> {
  const { log } = world.weather;
  log.lagMs = random.next() * LAG_MS;
  return { what: `lag of readers of ${log.lagMs.toFixed(0)} ms`, heal: () => void (log.lagMs = 0) };
}

/** A worker is heard of by its beats alone, which are read late. */
function beatUnread({ workers, world }: Parameters<Fault>[0], random: Random): ReturnType<Fault> {
  const { name } = pick(random, workers);
  const { log } = world.weather;
  world.cut.network.add(name);
  log.lagMs = BEAT_LAG_MS * (1 + random.next());
  const heal = (): void => {
    world.cut.network.delete(name);
    log.lagMs = 0;
  };
  return { what: `cut of ${name} from the network, its beats late by ${log.lagMs.toFixed(0)} ms`, heal };
}

/** While the store is away, events are read and not applied; then everything but the launchers and their jobs is started anew. */
function startAnew({ workers, planes, world }: Parameters<Fault>[0]): ReturnType<Fault> {
  const { store } = world.weather;
  store.down = true;
  const heal = (): void => {
    for (const node of [...planes, ...workers]) node.start();
    store.down = false;
  };
  return { what: 'outage of the store, and a start of everything anew', heal };
}

/** Calls of workers arrive and are carried out, and their answers are lost. */
function loseAnswers({ workers, world }: Parameters<Fault>[0]): ReturnType<Fault> {
  for (const { name } of workers) world.cut.answers.add(name);
  return { what: 'loss of all answers to workers', heal: () => world.cut.answers.clear() };
}
