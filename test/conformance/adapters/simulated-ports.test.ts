/** The simulation's ports, without faults, against the suites of their ports: what it shows of the code under test rests on that. */
import { SimFleetStore } from '../../simulation/sim-fleet-store.js';
import { SimJobStore } from '../../simulation/sim-job-store.js';
import { SimJobSurvey } from '../../simulation/sim-job-survey.js';
import { SimLease } from '../../simulation/sim-lease.js';
import { SimProcess } from '../../simulation/sim-process.js';
import { SimRegistryStore } from '../../simulation/sim-registry-store.js';
import { SimTopicLog } from '../../simulation/sim-topic-log.js';
import { SimUserSlotStore } from '../../simulation/sim-user-slot-store.js';
import { World } from '../../simulation/world.js';
import { FakeClock } from '../../support/fake-clock.js';
import { fleetStoreSuite } from '../suites/fleet-store.js';
import { jobStoreSuite } from '../suites/job-store.js';
import { jobSurveySuite } from '../suites/job-survey.js';
import { leaseSuite } from '../suites/lease.js';
import { registryStoreSuite } from '../suites/registry-store.js';
import { topicLogSuite } from '../suites/topic-log.js';
import { userSlotStoreSuite } from '../suites/user-slot-store.js';

/** A world whose time goes on by itself, and a process in it. */
class Running {
  readonly world = new World(1);
  readonly process = new SimProcess({ name: 'test', timeline: this.world.timeline, skew: { ms: 0 } });
  readonly store = this.world.link(this.process, 'store');
  readonly running: Promise<void> = this.run();
  private over = false;

  /** Whatever is planned happens at once, as far as the test is concerned. */
  private async run(): Promise<void> {
    while (!this.over) {
      await this.world.timeline.run(() => this.over, Number.POSITIVE_INFINITY);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async close(): Promise<void> {
    this.over = true;
    await this.running;
  }
}

/** What a suite needs of a running world. */
function open<T>(make: (running: Running) => T): T & { close(): Promise<void> } {
  const running = new Running();
  return { ...make(running), close: () => running.close() };
}

jobStoreSuite('simulated', async () => open(({ world, store }) => ({ store: new SimJobStore(world.store, store) })));
jobSurveySuite('simulated', async () =>
  open(({ world, store }) => ({
    store: new SimJobStore(world.store, store),
    survey: new SimJobSurvey(world.store, store),
  })),
);
registryStoreSuite('simulated', async () =>
  open(({ world, store }) => ({ store: new SimRegistryStore(world.store, store) })),
);
fleetStoreSuite('simulated', async () =>
  open(({ world, store }) => ({ store: new SimFleetStore(world.store, store) })),
);
userSlotStoreSuite('simulated', async () =>
  open(({ world, store }) => ({ store: new SimUserSlotStore(world.store, store) })),
);
topicLogSuite('simulated', async () =>
  open(({ world, process }) => ({ log: new SimTopicLog(world.broker, world.link(process, 'log')) })),
);
leaseSuite('simulated', async () => {
  const clock = new FakeClock();
  return open(({ world, process }) => ({
    lease: new SimLease(world.leases, world.link(process, 'lease'), clock),
    elapse: (ms: number) => clock.advance(ms),
  }));
});
