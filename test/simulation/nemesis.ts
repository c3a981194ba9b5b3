/** Faults, at times chosen by the seed, each healed after a while. */
import type { Random } from '../../core/ports/random.js';
import type { ControlPlaneNode } from './control-plane-node.js';
import type { Weather } from './link.js';
import { HOST_FAULTS, SINGLE_FAULTS } from './host-faults.js';
import { pick, type Scenario } from './scenario.js';
import type { WorkerNode } from './worker-node.js';
import type { World } from './world.js';

/** Options of `Nemesis`. */
export interface NemesisOptions {
  readonly world: World;
  readonly scenario: Scenario;
  readonly planes: readonly ControlPlaneNode[];
  readonly workers: readonly WorkerNode[];
}

/** Begins a fault; returns what it is, and its end. */
export type Fault = (nemesis: NemesisOptions, random: Random) => { readonly what: string; readonly heal: () => void };

/** Faults with how often each is chosen, and how long it lasts beyond the least time (default: `LEAST_MS`) at most, milliseconds. */
export type Faults = readonly {
  readonly weight: number;
  readonly leastMs?: number;
  readonly mostMs: number;
  readonly fault: Fault;
}[];

const LEAST_MS = 50;
/** When jobs run and leaders lead, milliseconds. */
const SINGLE_AT_MS = 10_000;

const FAULTS: Faults = [
  { weight: 4, mostMs: 15_000, fault: crashWorker },
  { weight: 3, mostMs: 30_000, fault: pauseWorker },
  { weight: 2, mostMs: 30_000, fault: loseHost },
  { weight: 2, mostMs: 2000, fault: replaceWorker },
  { weight: 2, mostMs: 20_000, fault: doubleWorker },
  { weight: 3, mostMs: 30_000, fault: cutWorker('all') },
  { weight: 2, mostMs: 30_000, fault: cutWorker('log') },
  { weight: 2, mostMs: 30_000, fault: cutWorker('network') },
  { weight: 4, mostMs: 15_000, fault: crashPlane },
  { weight: 2, mostMs: 20_000, fault: pausePlane },
  { weight: 2, mostMs: 10_000, fault: rebalance },
  { weight: 1, mostMs: 10_000, fault: breakSubscriptions },
  ...(['store', 'log', 'lease', 'network'] as const).flatMap((name) => [
    ...(name === 'network' ? [] : [{ weight: 1, mostMs: 25_000, fault: outage(name) }]),
    { weight: 2, mostMs: 20_000, fault: trouble(name) },
  ]),
];

/** States: raging until the scenario's time of faults is over, then at rest: everything is healed. */
export class Nemesis {
  #rests = false;
  readonly #open = new Set<() => void>();

  constructor(private readonly options: NemesisOptions) {}

  /** Whether everything is healed. */
  get rests(): boolean {
    return this.#rests;
  }

  /** Plans all faults. */
  begin(): void {
    const { world, scenario } = this.options;
    this.#plan(FAULTS, scenario.faults, world.chance('nemesis'));
    this.#plan(HOST_FAULTS, scenario.hostFaults, world.chance('hosts'));
    const single = scenario.single === null ? null : SINGLE_FAULTS[scenario.single];
    if (single !== null) world.timeline.at(SINGLE_AT_MS, () => this.#strike([single], world.chance('beats')));
    world.timeline.at(scenario.faultsMs, () => this.#rest());
  }

  #plan(faults: Faults, count: number, random: Random): void {
    const { world, scenario } = this.options;
    for (let number = 0; number < count; number += 1) {
      world.timeline.at(random.next() * scenario.faultsMs, () => this.#strike(faults, random));
    }
  }

  #strike(faults: Faults, random: Random): void {
    const { world } = this.options;
    const { fault, mostMs, leastMs = LEAST_MS } = weighted(faults, random);
    const { what, heal } = fault(this.options, random);
    world.history.record({ kind: 'fault', what });
    const end = (): void => {
      if (!this.#open.delete(end)) return;
      world.history.record({ kind: 'fault', what: `${what} is over` });
      heal();
    };
    this.#open.add(end);
    world.timeline.at(leastMs + random.next() ** 2 * mostMs, end);
  }

  #rest(): void {
    for (const end of [...this.#open]) end();
    this.#rests = true;
    this.options.world.history.record({ kind: 'fault', what: 'all faults are over' });
  }
}

function weighted(faults: Faults, random: Random): Faults[number] {
  const all = faults.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.next() * all;
  return faults.find(({ weight }) => (left -= weight) < 0) ?? pick(random, faults);
}

function crashWorker({ workers }: NemesisOptions, random: Random): ReturnType<Fault> {
  const worker = pick(random, workers);
  worker.process.crash();
  return { what: `crash of ${worker.name}`, heal: () => worker.start() };
}

function pauseWorker({ workers }: NemesisOptions, random: Random): ReturnType<Fault> {
  const { process } = pick(random, workers);
  process.pause();
  return { what: `pause of ${process.name}`, heal: () => process.resume() };
}

function loseHost({ workers }: NemesisOptions, random: Random): ReturnType<Fault> {
  const worker = pick(random, workers);
  worker.lose();
  return { what: `reboot of the host of ${worker.name}`, heal: () => worker.start() };
}

function replaceWorker({ workers }: NemesisOptions, random: Random): ReturnType<Fault> {
  const worker = pick(random, workers);
  worker.retire();
  return { what: `replacement of ${worker.name}`, heal: () => worker.start() };
}

/** Somebody starts a second worker on the state of the first, which goes on. */
function doubleWorker({ workers }: NemesisOptions, random: Random): ReturnType<Fault> {
  const worker = pick(random, workers);
  const first = worker.process;
  worker.startBeside();
  return { what: `second process of ${worker.name}`, heal: () => first.crash() };
}

function cutWorker(from: 'all' | 'log' | 'network'): Fault {
  return ({ workers, world }, random) => {
    const { name } = pick(random, workers);
    const cuts = from === 'all' ? [world.cut.log, world.cut.network] : [world.cut[from]];
    for (const cut of cuts) cut.add(name);
    const heal = (): void => {
      for (const cut of cuts) cut.delete(name);
    };
    return { what: `cut of ${name} from ${from}`, heal };
  };
}

function crashPlane({ planes }: NemesisOptions, random: Random): ReturnType<Fault> {
  const plane = pick(random, planes);
  plane.process.crash();
  return { what: `crash of ${plane.process.name}`, heal: () => plane.start() };
}

function pausePlane({ planes }: NemesisOptions, random: Random): ReturnType<Fault> {
  const { process } = pick(random, planes);
  process.pause();
  return { what: `pause of ${process.name}`, heal: () => process.resume() };
}

function rebalance({ world }: NemesisOptions): ReturnType<Fault> {
  world.broker.rebalanceAll();
  return { what: 'rebalance', heal: () => world.broker.rebalanceAll() };
}

function breakSubscriptions({ world }: NemesisOptions): ReturnType<Fault> {
  world.broker.breakSome(0.5);
  return { what: 'break of subscriptions', heal: () => undefined };
}

function outage(name: keyof World['weather']): Fault {
  return ({ world }) => {
    const weather: Weather = world.weather[name];
    weather.down = true;
    return { what: `outage of the ${name}`, heal: () => (weather.down = false) };
  };
}

function trouble(name: keyof World['weather']): Fault {
  return ({ world }, random) => {
    const weather: Weather = world.weather[name];
    weather.trouble = 0.02 + random.next() * 0.3;
    return { what: `trouble of the ${name}`, heal: () => (weather.trouble = 0) };
  };
}
