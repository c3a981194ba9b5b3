import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { turn, until } from '../../../../support/fake-clock.js';
import { openClaiming, stopClaiming, unavailable } from './claiming.js';

afterEach(stopClaiming);

describe('Claimer', () => {
  test('claims with memory reserved first, and keeps the memory of what it gets', async () => {
    const { offer, wait, budget, started, settled } = openClaiming(250);
    for (const id of ['a', 'b', 'c']) wait(id);
    expect([offer('a'), offer('b'), offer('c')]).toEqual([true, true, false]);
    expect(budget.freeMb).toBe(50);
    await until(() => started.length === 2);
    expect([started, settled, budget.freeMb]).toEqual([['a', 'b'], ['a', 'b'], 50]);
  });

  test('frees the memory of a job that is gone', async () => {
    const { offer, budget, started, settled } = openClaiming();
    offer('gone');
    await until(() => settled.length === 1);
    expect([started, budget.freeMb]).toEqual([[], 1000]);
  });

  test('frees everything when the session is over, and says so', async () => {
    const { offer, wait, service, budget, settled, refusals } = openClaiming();
    wait('a');
    service.refusing = true;
    offer('a');
    await until(() => settled.length === 1);
    expect([budget.freeMb, refusals()]).toEqual([1000, 1]);
  });

  test('what comes while a call is under way goes together in the next', async () => {
    const { offer, wait, service, started } = openClaiming();
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
      const { offer, wait, service, started, clock, budget } = openClaiming();
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
    const { offer, wait, service, started, gate } = openClaiming();
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
    const { offer, wait, service, started, clock } = openClaiming();
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

describe('memory budget of claims', () => {
  test('is never exceeded, whatever is offered, lost and pulled', async () => {
    const job = fc.record({ memoryMb: fc.integer({ min: 1, max: 400 }), lost: fc.boolean(), offered: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: 30 }), async (jobs) => {
        const { service, offer, wait, puller, clock, budget, started } = openClaiming(1000);
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
        await stopClaiming();
      }),
      { numRuns: 30 },
    );
  });
});
