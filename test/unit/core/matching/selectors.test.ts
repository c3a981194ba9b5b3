import { describe, expect, test } from '@jest/globals';
import { selectorByName } from '../../../../core/matching/selectors.js';
import type { Candidates, LoadView, SelectorName } from '../../../../core/matching/selectors.js';
import type { Cluster, Json } from '../../../../core/registry/resource.js';
import { makeCluster } from '../../../support/job-fixtures.js';
import { SeededRandom } from '../../../support/seeded-random.js';

const DRAWS = 3000;

function clusters(weights: readonly Json[]): Candidates<Cluster> {
  const [first, ...rest] = weights.map((weight, at) =>
    makeCluster({ id: `c${at}`, metadata: weight === null ? {} : { weight } }),
  );
  if (first === undefined) throw new Error('a test needs candidates');
  return [first, ...rest];
}

/** How often each candidate was chosen. */
function draw(name: SelectorName, candidates: Candidates<Cluster>, load: LoadView | null): readonly number[] {
  const random = new SeededRandom(11);
  const chosen = Array.from(
    { length: DRAWS },
    () => selectorByName(name).select(candidates, { random, load }).chosen.id,
  );
  return candidates.map(({ id }) => chosen.filter((each) => each === id).length);
}

function loadOf(loads: Readonly<Record<string, number>>): LoadView {
  return { activeJobs: (id) => loads[id] ?? 0 };
}

describe('random', () => {
  test('gives each candidate the same chance', () => {
    for (const count of draw('random', clusters([null, null, null]), null)) {
      expect(count / DRAWS).toBeCloseTo(1 / 3, 1);
    }
  });
});

describe('least-loaded', () => {
  test('chooses among the clusters with the fewest active jobs only', () => {
    const counts = draw('least-loaded', clusters([null, null, null]), loadOf({ c0: 2, c1: 1, c2: 1 }));
    expect(counts[0]).toBe(0);
    expect((counts[1] ?? 0) / DRAWS).toBeCloseTo(0.5, 1);
    expect((counts[2] ?? 0) / DRAWS).toBeCloseTo(0.5, 1);
  });

  test('is random where no load is known', () => {
    expect(Math.min(...draw('least-loaded', clusters([null, null]), null))).toBeGreaterThan(DRAWS / 3);
  });

  test('says why', () => {
    const context = { random: new SeededRandom(), load: loadOf({ c0: 5, c1: 3 }) };
    const { chosen, rationale } = selectorByName('least-loaded').select(clusters([null, null]), context);
    expect(chosen.id).toBe('c1');
    expect(rationale).toBe('3 active jobs, fewest of 2');
  });
});

describe('weighted', () => {
  test('chooses in proportion to weight, 1 by default and for what is no weight', () => {
    const counts = draw('weighted', clusters([null, 3, 0, 'many', -2]), null);
    const shares = counts.map((count) => count / DRAWS);
    for (const [at, share] of [1 / 6, 3 / 6, 0, 1 / 6, 1 / 6].entries()) expect(shares[at]).toBeCloseTo(share, 1);
    expect(counts[2]).toBe(0);
  });

  test('takes the only candidate whatever its weight', () => {
    expect(draw('weighted', clusters([0]), null)).toEqual([DRAWS]);
  });

  test('never chooses weight 0 at either end of the scale', () => {
    const candidates = clusters([0, 1, 0]);
    for (const next of [0, 1 - Number.EPSILON / 2]) {
      const random = { next: () => next, id: () => '' };
      expect(selectorByName('weighted').select(candidates, { random, load: null }).chosen.id).toBe('c1');
    }
  });
});
