import { describe, expect, test } from '@jest/globals';
import { WorkerCalls, type WaitingJob } from '../../../../core/dispatch/worker-calls.js';
import { SeededRandom } from '../../../support/seeded-random.js';

function job(id: string, memoryMb = 100, offered = true): WaitingJob {
  return { id, memoryMb, offered };
}

function crowd(count: number, memoryMb = 100): { readonly name: number; readonly memoryMb: number }[] {
  return Array.from({ length: count }, (_, name) => ({ name, memoryMb }));
}

function newCalls(): WorkerCalls {
  return new WorkerCalls(new SeededRandom());
}

describe('WorkerCalls', () => {
  test('a job is left to its offer until the next look; then one of a thousand workers is called', () => {
    const calls = newCalls();
    const workers = crowd(1000);
    expect(calls.plan([job('a')], workers)).toEqual([]);
    expect(calls.plan([job('a')], workers)).toHaveLength(1);
  });

  test('a job that is offered to nobody is called for at once', () => {
    expect(newCalls().plan([job('a', 100, false)], crowd(3))).toHaveLength(1);
  });

  test('as many workers are called as jobs wait, each once', () => {
    const calls = newCalls();
    const jobs = Array.from({ length: 20 }, (_, index) => job(`j${index}`));
    calls.plan(jobs, crowd(50));
    expect(new Set(calls.plan(jobs, crowd(50))).size).toBe(20);
    calls.plan(jobs, []);
    expect(calls.plan(jobs, crowd(5))).toHaveLength(5);
  });

  test('only workers with room are called, also when there is one among many', () => {
    const calls = newCalls();
    const workers = [...crowd(30, 50), { name: 99, memoryMb: 500 }];
    calls.plan([job('a', 400)], workers);
    expect(calls.plan([job('a', 400)], workers).map(({ name }) => name)).toEqual([99]);
  });

  test('while a job goes on waiting ever more workers are called, with time between to ask', () => {
    const calls = newCalls();
    const counts = Array.from({ length: 12 }, () => calls.plan([job('a')], crowd(100)).length);
    expect(counts).toEqual([0, 1, 0, 2, 0, 4, 0, 8, 0, 16, 0, 16]);
  });

  test('what nobody had room for is called for as soon as somebody has, and what was away begins anew', () => {
    const calls = newCalls();
    for (let look = 0; look < 5; look += 1) expect(calls.plan([job('a')], crowd(3, 10))).toEqual([]);
    expect(calls.plan([job('a')], crowd(3))).toHaveLength(1);
    calls.plan([], crowd(3));
    expect(calls.plan([job('a')], crowd(3))).toEqual([]);
  });
});
