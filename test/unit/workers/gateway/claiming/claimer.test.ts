import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MemoryBudget } from '../../../../../core/dispatch/budget.js';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import { createInProcessClient } from '../../../../support/in-process-client.js';
import { WorkerService } from '../../../../../proto/gen/marid/v1/worker_service_pb.js';
import { ClaimGate } from '../../../../../workers/gateway/claiming/claim-gate.js';
import { Claimer } from '../../../../../workers/gateway/claiming/claimer.js';
import { NextPuller } from '../../../../../workers/gateway/claiming/next-puller.js';
import { FakeClock, turn, until } from '../../../../support/fake-clock.js';
import { LeaseKeeper } from '../../../../../workers/gateway/session/lease-keeper.js';
import { MemoryWorkerService } from '../../../../support/memory-worker-service.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { SeededRandom } from '../../../../support/seeded-random.js';
import { specificationWith } from '../specification.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function setUp(budgetMb = 1000) {
  const service = new MemoryWorkerService();
  const started: string[] = [];
  const settled: string[] = [];
  const clock = new FakeClock();
  const gate = new ClaimGate();
  const budget = new MemoryBudget(budgetMb);
  let refusals = 0;
  const lease = new LeaseKeeper({ launcher: { renew: async () => undefined }, clock, logger: new QuietLogger() });
  void lease.renewed(lease.mark(), 100_000);
  const shared = {
    ...{ clock, gate, lease, budget, random: new SeededRandom(), logger: new QuietLogger() },
    client: createInProcessClient(WorkerService, service.handlers),
    identity: { workerId: 'w', session: 's' },
    onRoom: () => undefined,
    onRefused: () => void (refusals += 1),
    reservedFor: () => null,
    onReservation: () => undefined,
  };
  const claimer = new Claimer({ ...shared, onClaimed: (job) => started.push(job.jobId) });
  const puller = new NextPuller({
    ...shared,
    isIdle: () => claimer.size === 0,
    onClaimed: (job) => {
      expect(budget.reserve(job.jobId, job.resolution.memoryMb)).toBe(true);
      started.push(job.jobId);
    },
  });
  stops.push(async () => {
    const ended = Promise.all([claimer.stop(), puller.stop()]);
    await gate.close();
    await ended;
  });
  const offer = (jobId: string, memoryMb = 100): boolean => {
    return claimer.claim({ jobId, memoryMb, settled: () => settled.push(jobId) });
  };
  const wait = (jobId: string, memoryMb = 100): void => {
    service.waiting.set(jobId, specificationWith({ jobId, memoryMb }));
  };
  gate.open();
  return { service, claimer, puller, gate, budget, clock, started, settled, offer, wait, refusals: () => refusals };
}

const unavailable = (): Promise<never> => Promise.reject(new MaridError('UNAVAILABLE', 'away'));

describe('Claimer', () => {
  test('claims with memory reserved first, and keeps the memory of what it gets', async () => {
    const { offer, wait, budget, started, settled } = setUp(250);
    for (const id of ['a', 'b', 'c']) wait(id);
    expect([offer('a'), offer('b'), offer('c')]).toEqual([true, true, false]);
    expect(budget.freeMb).toBe(50);
    await until(() => started.length === 2);
    expect([started, settled, budget.freeMb]).toEqual([['a', 'b'], ['a', 'b'], 50]);
  });

  test('frees the memory of a job that is gone', async () => {
    const { offer, budget, started, settled } = setUp();
    offer('gone');
    await until(() => settled.length === 1);
    expect([started, budget.freeMb]).toEqual([[], 1000]);
  });

  test('frees everything when the session is over, and says so', async () => {
    const { offer, wait, service, budget, settled, refusals } = setUp();
    wait('a');
    service.refusing = true;
    offer('a');
    await until(() => settled.length === 1);
    expect([budget.freeMb, refusals()]).toEqual([1000, 1]);
  });

  test('what comes while a call is under way goes together in the next', async () => {
    const { offer, wait, service, started } = setUp();
    let answer: () => void = () => undefined;
    service.before = () => new Promise((resolve) => (answer = resolve));
    for (const id of ['a', 'b', 'c', 'd']) wait(id, 1);
    offer('a', 1);
    await until(() => service.calls.length === 1);
    for (const id of ['b', 'c', 'd']) offer(id, 1);
    service.before = async () => undefined;
    answer();
    await until(() => started.length === 4);
    expect(service.calls.map((call) => call.length)).toEqual([1, 3]);
  });

  test.each(['before', 'after'] as const)(
    'a call that is lost %s it was dealt with is repeated with the same ids, and nothing starts until then',
    async (when) => {
      const { offer, wait, service, started, clock, budget } = setUp();
      service[when] = unavailable;
      wait('a');
      offer('a');
      for (let i = 0; i < 3; i++) await clock.advance(5_000);
      expect([started, budget.freeMb]).toEqual([[], 900]);
      service[when] = async () => undefined;
      await clock.advance(5_000);
      await until(() => started.length === 1);
      expect(new Set(service.calls.flat()).size).toBe(1);
      expect(service.calls.length).toBeGreaterThan(2);
    },
  );

  test('an answer that is under way when the gate closes starts nothing; it is asked for again afterwards', async () => {
    const { offer, wait, service, started, gate } = setUp();
    let answer: () => void = () => undefined;
    service.after = () => new Promise((resolve) => (answer = resolve));
    wait('a');
    offer('a');
    await until(() => service.claimed.size === 1);
    await gate.close();
    answer();
    service.after = async () => undefined;
    for (let i = 0; i < 20; i++) await turn();
    expect(started).toEqual([]);
    gate.open();
    await until(() => started.length === 1);
    expect(new Set(service.calls.flat()).size).toBe(1);
  });

  test('an answer that comes when the lease has run out starts nothing; it is asked for again', async () => {
    const { offer, wait, service, started, clock } = setUp();
    service.after = async () => {
      clock.shiftWall(70_000);
      service.after = async () => undefined;
      service.claimed.set('a', 'another');
    };
    wait('a');
    offer('a');
    await until(() => service.calls.length === 1);
    await clock.advance(1_000);
    await until(() => service.calls.length === 2);
    expect(started).toEqual([]);
    expect(new Set(service.calls.flat()).size).toBe(1);
  });
});

describe('NextPuller', () => {
  test('asks when there is nothing else to do, at once again after jobs came, and never beyond the free memory', async () => {
    const { puller, wait, budget, clock, started } = setUp(250);
    for (const id of ['a', 'b', 'c']) wait(id);
    await puller.start();
    await clock.advance(2_000);
    await until(() => started.length === 2);
    expect([started, budget.freeMb]).toEqual([['a', 'b'], 50]);
    budget.release('a');
    await clock.advance(2_000);
    await until(() => started.length === 3);
  });

  test('a lost answer is asked for again with the same id', async () => {
    const { puller, wait, service, clock, started } = setUp();
    service.after = unavailable;
    wait('a');
    await puller.start();
    await clock.advance(4_000);
    service.after = async () => undefined;
    await clock.advance(6_000);
    await until(() => started.length === 1);
    expect(service.calls.filter((call) => call[0] === service.claimed.get('a')).length).toBeGreaterThan(1);
  });
});

describe('NextPuller with a control plane that holds calls', () => {
  function setUpHeld() {
    const all = setUp();
    all.service.holdsCalls = true;
    return { ...all, asked: () => all.service.calls.length };
  }

  test('asks once, and then when it is told to, with the whole budget free meanwhile', async () => {
    const { puller, wait, service, clock, budget, started, asked } = setUpHeld();
    await puller.start();
    await clock.advance(10_000);
    expect([asked(), service.held.length, budget.freeMb]).toEqual([1, 1, 1000]);
    wait('a');
    service.held[0]?.end(true);
    await clock.advance(1);
    await until(() => started.length === 1);
    await clock.advance(1);
    await until(() => service.held.length === 2);
    expect(service.held[1]?.memoryMb).toBe(900);
  });

  test('waits on without asking when its time is over', async () => {
    const { puller, service, clock, asked } = setUpHeld();
    await puller.start();
    for (let calls = 1; calls < 5; calls += 1) {
      await clock.advance(14_000);
      service.held.at(-1)?.end(false);
      await clock.advance(1);
      await until(() => service.held.length === calls + 1);
    }
    expect(asked()).toBe(1);
  });

  test('asks at most about once a second however often it is told to', async () => {
    const { puller, service, clock, asked } = setUpHeld();
    await puller.start();
    for (let seconds = 0; seconds < 100; seconds += 1) {
      await clock.advance(100);
      service.held.at(-1)?.end(true);
    }
    expect(asked()).toBeGreaterThan(4);
    expect(asked()).toBeLessThan(11);
  });

  test('asks when there is more room than it told of, but not at once', async () => {
    const { puller, service, clock, budget, asked } = setUpHeld();
    budget.reserve('job', 400);
    await puller.start();
    await clock.advance(2_000);
    expect(service.held[0]?.memoryMb).toBe(600);
    budget.reserve('other', 100);
    budget.release('other');
    puller.roomChanged();
    await clock.advance(5_000);
    expect(asked()).toBe(1);
    budget.release('job');
    puller.roomChanged();
    await clock.advance(1);
    await until(() => asked() === 2);
    await until(() => service.held[1]?.memoryMb === 1000);
  });

  test('asks at once when it is woken, also while it asks', async () => {
    const { puller, service, clock, asked } = setUpHeld();
    await puller.start();
    await clock.advance(2_000);
    puller.wake();
    await until(() => asked() === 2);
    service.after = async () => {
      service.after = async () => undefined;
      puller.wake();
    };
    puller.wake();
    await until(() => asked() === 4);
  });

  test('a control plane that does not hold calls any more is asked now and then', async () => {
    const { puller, service, clock, asked } = setUpHeld();
    service.holdsCalls = false;
    await puller.start();
    await clock.advance(20_000);
    expect(asked()).toBeGreaterThan(9);
    service.holdsCalls = true;
    await clock.advance(60_000);
    expect(service.held.length).toBe(1);
  });
});

describe('memory budget of claims', () => {
  test('is never exceeded, whatever is offered, lost and pulled', async () => {
    const job = fc.record({ memoryMb: fc.integer({ min: 1, max: 400 }), lost: fc.boolean(), offered: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: 30 }), async (jobs) => {
        const { service, offer, wait, puller, clock, budget, started } = setUp(1000);
        await puller.start();
        for (const [index, { memoryMb, lost, offered }] of jobs.entries()) {
          wait(`j${index}`, memoryMb);
          service.after = lost ? unavailable : async () => undefined;
          if (offered) offer(`j${index}`, memoryMb);
          await clock.advance(700);
          expect(budget.freeMb).toBeGreaterThanOrEqual(0);
          const used = started
            .map((id) => service.waiting.get(id)?.resolution.memoryMb ?? 0)
            .reduce((a, b) => a + b, 0);
          expect(used).toBeLessThanOrEqual(1000);
        }
        expect(new Set(started).size).toBe(started.length);
        for (const stop of stops.splice(0)) await stop();
      }),
      { numRuns: 30 },
    );
  });
});
