import { afterEach, describe, expect, test } from '@jest/globals';
import { until } from '../../../../support/fake-clock.js';
import { openClaiming, stopClaiming, unavailable } from './claiming.js';

afterEach(stopClaiming);

describe('NextPuller', () => {
  test('asks when there is nothing else to do, at once again after jobs came, and never beyond the free memory', async () => {
    const { puller, wait, budget, clock, started } = openClaiming(250);
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
    const { puller, wait, service, clock, started } = openClaiming();
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
    const all = openClaiming();
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

describe('NextPuller with a control plane that holds ClaimNext', () => {
  async function setUpWaiting() {
    const all = openClaiming();
    all.service.claimNextWaits = true;
    await all.puller.start();
    await all.clock.advance(2_000);
    await until(() => all.service.held.length === 1);
    return all;
  }

  test('keeps its memory while it waits, gets jobs as they come, and waits again at once', async () => {
    const { puller, wait, service, clock, budget, started } = await setUpWaiting();
    expect([budget.freeMb, puller.waitingMb, service.held[0]?.memoryMb]).toEqual([0, 1000, 1000]);
    wait('a', 400);
    service.held[0]?.end(true);
    await until(() => started.length === 1);
    await clock.advance(1);
    await until(() => service.held.length === 2);
    expect([budget.freeMb, puller.waitingMb, service.held[1]?.memoryMb]).toEqual([0, 600, 600]);
  });

  test('begins at once with a job that it is told of early, and not again when the answer, lost at first, comes', async () => {
    const { wait, service, clock, budget, started } = await setUpWaiting();
    wait('a', 400);
    service.held[0]?.tellEarly?.('a');
    expect([started, budget.freeMb]).toEqual([['a'], 600]);
    let lost = 0;
    service.after = async () => {
      lost += 1;
      return lost === 1 ? unavailable() : undefined;
    };
    service.held[0]?.end(true);
    await until(() => lost === 1);
    await clock.advance(2_000);
    await until(() => service.held.length === 2);
    expect([started, service.held[1]?.memoryMb, service.calls[1]]).toEqual([['a'], 600, service.calls[0]]);
  });

  test('gives a call up when it is woken, and asks what it got before anything else', async () => {
    const { puller, wait, service, clock, started } = await setUpWaiting();
    service.after = unavailable;
    wait('a');
    puller.wake();
    await until(() => service.calls.length > 1);
    service.after = async () => undefined;
    await clock.advance(1_000);
    await until(() => started.length === 1);
    const [first, ...later] = service.calls.slice(0, 2).map(([id]) => id);
    expect(later).toEqual([first]);
  });

  test('gives a call up when there is more room than it has, after a moment', async () => {
    const { puller, service, clock, budget } = await setUpWaiting();
    puller.roomChanged();
    await clock.advance(5_000);
    expect(service.calls.length).toBe(1);
    budget.release(service.calls[0]?.[0] ?? '');
    puller.roomChanged();
    await clock.advance(2_000);
    await until(() => service.held.length === 2);
  });

  test('runs what it was given while it stopped', async () => {
    const { puller, wait, started } = await setUpWaiting();
    wait('a');
    await puller.stop();
    expect(started).toEqual(['a']);
  });
});
