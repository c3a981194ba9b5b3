/** What all processes of a simulation share. */
import type { Random } from '../../core/ports/random.js';
import { SeededRandom } from '../support/seeded-random.js';
import { History } from './history.js';
import { fairWeather, Link } from './link.js';
import { hashOf } from './programs.js';
import { Progress } from './progress.js';
import { SimBroker } from './sim-broker.js';
import type { LeaseState } from './sim-lease.js';
import { SimNetwork } from './sim-network.js';
import { SimClock, type SimProcess } from './sim-process.js';
import { StoreState } from './store-state.js';
import { Timeline } from './timeline.js';
import { JOB_EVENTS, placeOfEvent } from './job-events.js';

/** Time, chance, servers and what is recorded. */
export class World {
  readonly timeline = new Timeline();
  readonly progress = new Progress();
  readonly history = new History(
    () => this.timeline.now,
    (happening) => this.progress.take(happening),
  );
  readonly weather = { store: fairWeather(), log: fairWeather(), lease: fairWeather(), network: fairWeather() };
  /** Names of processes that cannot reach the log, or any other process, or that get no answers. */
  readonly cut = { log: new Set<string>(), network: new Set<string>(), answers: new Set<string>() };
  readonly store = new StoreState((job) => this.history.record({ kind: 'committed', job }));
  readonly leases: LeaseState = new Map();
  readonly network: SimNetwork;
  readonly broker: SimBroker;

  constructor(readonly seed: number) {
    const { timeline, history, weather } = this;
    this.network = new SimNetwork({
      ...{
        timeline,
        random: this.chance('network'),
        weather: weather.network,
        cut: this.cut.network,
        unanswered: this.cut.answers,
      },
      onDefect: (error, method) => history.record({ kind: 'defect', what: `${method}: ${String(error)}` }),
    });
    this.broker = new SimBroker({
      ...{ timeline, random: this.chance('broker'), weather: weather.log, clock: new SimClock(timeline, { ms: 0 }) },
      onStored: (record) => {
        if (record.topic === JOB_EVENTS) history.record({ kind: 'published', ...placeOfEvent(record) });
      },
    });
  }

  /** Chance of its own for each part of the simulation, so that one does not disturb the other. */
  chance(name: string): Random {
    return new SeededRandom(hashOf(`${String(this.seed)} ${name}`));
  }

  /** The way of a process to a server. */
  link(process: SimProcess, server: 'store' | 'log' | 'lease'): Link {
    const isCut = (): boolean => server === 'log' && this.cut.log.has(process.name);
    const random = this.chance(`${process.name} ${server} ${String(this.timeline.now)}`);
    return new Link({ process, timeline: this.timeline, random, weather: this.weather[server], isCut });
  }
}
