import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MemoryBudget } from '../../../../core/dispatch/budget.js';

describe('MemoryBudget', () => {
  test('reserves up to the total and no further', () => {
    const budget = new MemoryBudget(100);
    expect(budget.reserve('a', 60)).toBe(true);
    expect(budget.reserve('b', 41)).toBe(false);
    expect(budget.reserve('b', 40)).toBe(true);
    expect([budget.freeMb, budget.held]).toEqual([0, 2]);
  });

  test('refuses the same key twice and takes releases of anything', () => {
    const budget = new MemoryBudget(100);
    budget.reserve('a', 10);
    expect(budget.reserve('a', 10)).toBe(false);
    budget.release('a');
    budget.release('a');
    budget.release('never');
    expect([budget.freeMb, budget.held]).toEqual([100, 0]);
    expect(budget.reserve('a', 100)).toBe(true);
  });

  test.each([-1, 0.5, Number.NaN, Infinity])('refuses %d MiB', (mb) => {
    expect(() => new MemoryBudget(100).reserve('a', mb)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(() => new MemoryBudget(mb)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  test('holds exactly what its reservations say, never above the total', () => {
    const actions = fc.array(fc.tuple(fc.boolean(), fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(60)));
    fc.assert(
      fc.property(actions, (list) => {
        const budget = new MemoryBudget(100);
        const model = new Map<string, number>();
        for (const [reserve, key, mb] of list) {
          if (!reserve) {
            budget.release(key);
            model.delete(key);
            continue;
          }
          const used = [...model.values()].reduce((sum, each) => sum + each, 0);
          const fits = !model.has(key) && used + mb <= 100;
          expect(budget.reserve(key, mb)).toBe(fits);
          if (fits) model.set(key, mb);
        }
        const used = [...model.values()].reduce((sum, each) => sum + each, 0);
        expect([budget.freeMb, budget.held]).toEqual([100 - used, model.size]);
      }),
    );
  });
});
