/** Redis fails under two control planes that compete to lead, with jobs being submitted and run: callers notice nothing, at most one leads, and one leads again by itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NativeStack, type ServerProcess } from '../../infra/deploy/native/native-stack.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { distributedEnvironment } from '../support/distributed.js';
import { DistributedMarid, RECOVERY_MS, type Callers } from '../support/distributed-marid.js';
import { eventually } from '../support/eventually.js';
import { applyRegistry } from '../support/registry-files.js';
import { withRedis } from '../support/redis-trio.js';

const CALLERS = 2;
/** A call that Redis has no part in takes no longer than ever, on a busy machine. */
const BOUND_MS = 5000;
/** A leader that cannot renew its lease stops after 10 s. */
const TRUST_MS = 10_000;
/** The most frequent task of a leader. */
const TASK = 're-offer';

const environment = await distributedEnvironment();

/** When a control plane began to lead (`true`) or ceased to, milliseconds since the epoch. */
interface Turn {
  readonly plane: number;
  readonly leads: boolean;
  readonly at: number;
}

(environment === null ? describe.skip : describe)('Marid while its lease fails', () => {
  const clock = new SystemClock();
  const stack = new NativeStack({ environment: process.env, clock, random: new SystemRandom() });
  let servers: readonly ServerProcess[];
  let marid: DistributedMarid;
  let callers: Callers;

  beforeAll(async () => {
    servers = (await stack.start('redis')).servers;
    const urls = servers.map(({ url }) => url).join(',');
    marid = await DistributedMarid.open({ ...environment, MARID_CONTROL_PLANE_REDIS_URLS: urls });
    const [{ address }] = await Promise.all([marid.startPlane(0), marid.startPlane(1)]);
    await Promise.all([applyRegistry(marid.bench, address), marid.startWorker('w1')]);
    callers = marid.call('lease', CALLERS);
    await callers.more(CALLERS);
  }, 120_000);

  afterAll(async () => {
    await marid.close();
    await stack.stop();
  }, 60_000);

  /** When a leader last ran the task, as the store has it. */
  const lastRun = async (): Promise<number> => {
    const { tasks } = await marid.client.fleet.listLeaderTasks({});
    return Number(tasks.find(({ name }) => name === TASK)?.lastRunTime?.seconds ?? 0);
  };
  /** Resolves when a leader works after `passMs` more. */
  const untilLed = async (passMs = 1000): Promise<void> => {
    const since = (clock.now() + passMs) / 1000;
    await eventually('a leader to work', async () => (await lastRun()) > since, RECOVERY_MS);
  };
  const turns = (): readonly Turn[] =>
    marid.planes.flatMap(({ process }, plane) => turnsOf(plane, process.stderr())).sort((a, b) => a.at - b.at);
  const leaders = (): number => turns().reduce((count, { leads }) => count + (leads ? 1 : -1), 0);

  test('one of three down: the same one goes on leading', async () => {
    await untilLed();
    const before = turns().length;
    await servers[0]?.kill();
    await untilLed(TRUST_MS);
    expect(turns()).toHaveLength(before);
  }, 60_000);

  test('two of three down: nobody leads, and one does when a majority is back', async () => {
    await servers[1]?.kill();
    await eventually('the leader to stop', () => leaders() === 0, 2 * TRUST_MS);
    await callers.more(CALLERS);
    await Promise.all([servers[0]?.start(), servers[1]?.start()]);
    await untilLed();
  }, 120_000);

  test('all frozen: nobody leads, and one does when they go on', async () => {
    for (const server of servers) server.freeze();
    await eventually('the leader to stop', () => leaders() === 0, 2 * TRUST_MS);
    await callers.more(CALLERS);
    for (const server of servers) server.thaw();
    await untilLed();
  }, 120_000);

  test('at no time have two led', () => {
    let now = 0;
    for (const { leads } of turns()) {
      now += leads ? 1 : -1;
      expect(now).toBeLessThanOrEqual(1);
    }
  });

  test('data wiped: one leads, perhaps after a moment with two, whose actions are right', async () => {
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(servers.map(({ url }) => withRedis(url, (client) => client.flushall())));
      await callers.more(CALLERS);
    }
    await untilLed();
    await eventually('one to lead', () => leaders() === 1, RECOVERY_MS);
  }, 120_000);

  test('no caller has noticed any of it, nothing was lost, and nothing ran twice', async () => {
    expect(await callers.verdict(BOUND_MS)).toEqual([]);
    expect(callers.failures).toEqual([]);
    expect(callers.accepted.length).toBeGreaterThan(0);
  }, 60_000);
});

/** From the log of a control plane. */
function turnsOf(plane: number, log: string): readonly Turn[] {
  const lines = log.split('\n').flatMap((line) => {
    const [, at] = /"time":(\d+)/.exec(line) ?? [];
    const [, what] = /"msg":"this control plane (leads|does not lead any more)"/.exec(line) ?? [];
    return at === undefined || what === undefined ? [] : [{ plane, leads: what === 'leads', at: Number(at) }];
  });
  return lines;
}
