import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import type { LeasePort } from '../../../../../core/ports/lease-port.js';
import { EmbeddedLease } from '../../../../../infra/lease/embedded/embedded-lease.js';
import { SqliteDatabase } from '../../../../../infra/store/sqlite/sqlite-database.js';
import { SqliteFleetStore } from '../../../../../infra/store/sqlite/sqlite-fleet-store.js';
import { Leader } from '../../../../../services/control-plane/leader/leader.js';
import type { LeaderTask } from '../../../../../services/control-plane/leader/leader-task.js';
import type { Schedule } from '../../../../../services/control-plane/leader/schedule.js';
import { eventually } from '../../../../support/eventually.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const logger = new QuietLogger();
let clock: FakeClock;
let db: SqliteDatabase;
let store: SqliteFleetStore;
let lease: EmbeddedLease;
let leaders: Leader[];

beforeEach(() => {
  clock = new FakeClock();
  db = SqliteDatabase.open({ path: ':memory:', logger });
  store = new SqliteFleetStore(db);
  lease = new EmbeddedLease({ db, clock });
  leaders = [];
});

afterEach(async () => {
  await Promise.all(leaders.map((leader) => leader.stop()));
  db.close();
});

function leader(holder: string, tasks: readonly LeaderTask[] = [], port: LeasePort = lease, through = store): Leader {
  const made = new Leader({ lease: port, store: through, tasks, holder, clock, logger });
  leaders.push(made);
  return made;
}

describe('Leader', () => {
  test('is one of several, and a successor leads in a higher term', async () => {
    const first = leader('a');
    const second = leader('b');
    await first.start();
    await eventually('a leader', () => first.term !== null);
    await second.start();
    await clock.advance(6000);
    expect(second.term).toBeNull();
    const firstTerm = first.term ?? 0;
    await first.stop();
    await eventually('the successor', async () => {
      await clock.advance(5000);
      return second.term !== null;
    });
    expect(second.term).toBeGreaterThan(firstTerm);
  });

  test('stops acting ten seconds after its last good renewal, and acts again later', async () => {
    let broken = false;
    let runs = 0;
    const flaky: LeasePort = {
      acquire: (options) =>
        broken ? Promise.reject(new MaridError('UNAVAILABLE', 'the lease is away')) : lease.acquire(options),
      release: (options) => lease.release(options),
      close: () => lease.close(),
    };
    const task: LeaderTask = {
      ...{ name: 'count', schedule: { everyMs: 100 } },
      run: async () => {
        runs += 1;
        return 'counted';
      },
    };
    const only = leader('a', [task], flaky);
    await only.start();
    await eventually('a run', () => runs > 0);
    broken = true;
    await eventually('the end of trust', async () => {
      await clock.advance(1000);
      return only.term === null;
    });
    const runsThen = runs;
    await clock.advance(3000);
    expect(runs).toBe(runsThen);
    broken = false;
    await eventually('another run', async () => {
      await clock.advance(1000);
      return runs > runsThen;
    });
  });

  test('lets another lead that reaches the store while it does not, and does not take the lease then', async () => {
    const cutOff = new SqliteFleetStore(db);
    const { listTaskControls } = cutOff;
    const [first, second] = [leader('a', [], lease, cutOff), leader('b')];
    await first.start();
    await eventually('a leader', () => first.term !== null);
    await second.start();
    cutOff.listTaskControls = () => Promise.reject(new MaridError('UNAVAILABLE', 'the store is away'));
    const seconds = async (count: number, until: () => boolean): Promise<number> => {
      for (let passed = 0; passed < count; passed += 1) {
        if (until()) return passed;
        await clock.advance(1000);
      }
      return count;
    };
    expect(await seconds(60, () => second.term !== null)).toBeLessThan(35);
    expect(first.term).toBeNull();
    await second.stop();
    await seconds(30, () => false);
    expect(first.term).toBeNull();
    cutOff.listTaskControls = listTaskControls;
    expect(await seconds(30, () => first.term !== null)).toBeLessThan(30);
  });

  test('leads on when renewals fail for a moment', async () => {
    let failures = 0;
    const flaky: LeasePort = {
      acquire: async (options) => {
        if (failures <= 0) return lease.acquire(options);
        failures -= 1;
        await clock.sleep(900); // as Redis fails
        throw new MaridError('UNAVAILABLE', 'the lease is away');
      },
      release: (options) => lease.release(options),
      close: () => lease.close(),
    };
    const only = leader('a', [], flaky);
    await only.start();
    const term = await eventually('a leader', () => only.term);
    failures = 2;
    for (let second = 0; second < 30; second += 1) {
      await clock.advance(1000);
      expect(only.term).toBe(term);
    }
    expect(failures).toBe(0);
  });

  test('keeps the outcome of every task, and a failing one neither stops itself nor others', async () => {
    const failing: LeaderTask = {
      name: 'bad',
      schedule: { everyMs: 50 },
      run: () => Promise.reject(new Error('broken')),
    };
    const good: LeaderTask = { name: 'good', schedule: { everyMs: 50 }, run: () => Promise.resolve('all well') };
    const only = leader('a', [failing, good]);
    await only.start();
    const runs = await eventually('both', async () => {
      await clock.advance(60);
      const listed = await only.runs.list();
      return listed.length === 2 && listed;
    });
    expect(runs).toMatchObject([
      { name: 'bad', succeeded: false, outcome: 'broken', leader: 'a' },
      { name: 'good', succeeded: true, outcome: 'all well', term: only.term },
    ]);
  });

  /** A task that counts its runs. */
  function counter(schedule: Schedule, work: () => Promise<void> = () => Promise.resolve()) {
    const counted = { runs: 0 };
    const task: LeaderTask = {
      ...{ name: 'count', schedule },
      run: async () => {
        counted.runs += 1;
        await work();
        return `run ${String(counted.runs)}`;
      },
    };
    return { counted, task };
  }

  test('runs a task when somebody asks anywhere, and its run says which request it answers', async () => {
    const { counted, task } = counter({ everyMs: 3_600_000 });
    const only = leader('a', [task]);
    await only.start();
    await eventually('the first run', () => counted.runs === 1);
    const elsewhere = leader('b', [task]);
    const { requests } = await elsewhere.controls.change('count', (before) => ({ requests: before.requests + 1 }));
    await clock.advance(1500);
    await eventually('the run', async () => (await elsewhere.runs.list())[0]?.answered === requests);
    expect(await elsewhere.runs.list()).toMatchObject([{ leader: 'a', outcome: 'run 2', succeeded: true }]);
    await clock.advance(10_000);
    expect(counted.runs).toBe(2);
  });

  test('runs once more when it is asked for while a run is under way', async () => {
    let end: () => void = () => undefined;
    const { counted, task } = counter({ everyMs: 3_600_000 }, () => new Promise((resolve) => (end = resolve)));
    const only = leader('a', [task]);
    await only.start();
    await eventually('the first run', () => counted.runs === 1);
    await only.controls.change('count', ({ requests }) => ({ requests: requests + 1 }));
    end();
    await clock.advance(1500);
    await eventually('the second run', () => counted.runs === 2);
    end();
  });

  test('leaves a paused task alone, but for runs by hand, until it is resumed; a successor too', async () => {
    const { counted, task } = counter({ everyMs: 1000 });
    const first = leader('a', [task]);
    await first.controls.change('count', () => ({ paused: true }));
    await first.start();
    await eventually('a leader', () => first.term);
    await clock.advance(5000);
    expect(counted.runs).toBe(0);
    await first.controls.change('count', ({ requests }) => ({ requests: requests + 1 }));
    await clock.advance(1500);
    await eventually('the run by hand', () => counted.runs === 1);
    await clock.advance(5000);
    await first.stop();
    const second = leader('b', [task]);
    await second.start();
    await eventually('the successor', () => second.term);
    await clock.advance(5000);
    expect(counted.runs).toBe(1); // the run by hand was answered in the term before
    await second.controls.change('count', () => ({ paused: false }));
    await eventually('runs', async () => {
      await clock.advance(1000);
      return counted.runs > 2;
    });
  });

  test('runs a task by cron at its times, once for those that passed while nobody led', async () => {
    clock.shiftWall(Date.parse('2027-01-16T00:00:00Z') - 10_000 - clock.now());
    const { counted, task } = counter({ cron: '0 0 * * *' });
    const first = leader('a', [task]);
    await first.start();
    await eventually('a leader', () => first.term);
    await clock.advance(9999);
    expect(counted.runs).toBe(0);
    await clock.advance(1000);
    await eventually('the run', () => counted.runs === 1);
    await first.stop();
    clock.shiftWall(3 * 86_400_000);
    const second = leader('b', [task]);
    await second.start();
    await eventually('the run that was missed', async () => {
      await clock.advance(1000);
      return counted.runs === 2;
    });
    await clock.advance(60_000);
    expect(counted.runs).toBe(2);
  });

  test('goes by the configuration instead of what the task says', async () => {
    const { counted, task } = counter({ everyMs: 3_600_000 });
    const settings = { count: { enabled: true, schedule: { everyMs: 1000 } } };
    const made = new Leader({ lease, store, tasks: [task], settings, holder: 'a', clock, logger });
    leaders.push(made);
    await made.start();
    await eventually('runs', async () => {
      await clock.advance(1000);
      return counted.runs > 2;
    });
    await made.stop();
    const { counted: never, task: disabled } = counter({ everyMs: 100 });
    const off = { count: { enabled: false, schedule: null } };
    const other = new Leader({ lease, store, tasks: [disabled], settings: off, holder: 'b', clock, logger });
    leaders.push(other);
    await other.start();
    await eventually('a leader', () => other.term);
    await clock.advance(5000);
    expect(never.runs).toBe(0);
  });

  test('stops twice, and before it started', async () => {
    const only = leader('a');
    await only.stop();
    await only.start();
    await only.stop();
    expect(only.term).toBeNull();
  });
});
