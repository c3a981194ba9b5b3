import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { brakeText, findBrakes, type SilentWorker } from '../../../../core/fleet/expiry-brake.js';
import { isOver, planExpiry, type ExpiryFacts } from '../../../../core/fleet/expiry-plan.js';
import type { WorkerRecord } from '../../../../core/fleet/worker-record.js';
import { makeWorker } from '../../../support/job-fixtures.js';

const NOW = 1_000_000_000;
const TTL = 120_000;
const GRACE = 15_000;
const OVERDUE = TTL + GRACE + 1;

const fleet = (count: number, overrides: Partial<WorkerRecord> = {}): readonly WorkerRecord[] =>
  Array.from({ length: count }, () => makeWorker(overrides));

function silentOf(records: readonly WorkerRecord[], overrides: Partial<SilentWorker> = {}): readonly SilentWorker[] {
  return records.map((record) => ({ record, silentMs: OVERDUE, attempts: 2, ...overrides }));
}

/** Two sweeps that find the same. */
function twice(facts: Pick<ExpiryFacts, 'workers' | 'silent'>) {
  const { suspects } = planExpiry({ ...facts, suspects: new Set(), graceMs: GRACE, now: NOW });
  return planExpiry({ ...facts, suspects, graceMs: GRACE, now: NOW });
}

describe('planExpiry', () => {
  test('needs two sweeps in a row that find the same session overdue', () => {
    const workers = fleet(10);
    const silent = silentOf(workers.slice(0, 1));
    const facts = { workers, silent, graceMs: GRACE, now: NOW };
    const first = planExpiry({ ...facts, suspects: new Set() });
    expect(first.due).toEqual([]);
    expect(planExpiry({ ...facts, suspects: first.suspects }).due).toEqual(silent);
    const again = silent.map((each) => ({ ...each, record: { ...each.record, session: 'later' } }));
    expect(planExpiry({ ...facts, silent: again, suspects: first.suspects }).due).toEqual([]);
  });

  test('waits for the grace behind the lease of each session', () => {
    const [short, long] = [makeWorker({ leaseTtlMs: 60_000 }), makeWorker({ leaseTtlMs: 600_000 })];
    const silent = silentOf([short, long], { silentMs: 75_001 });
    expect(twice({ workers: [short, long], silent }).due.map(({ record }) => record.id)).toEqual([short.id]);
    expect(twice({ workers: [short], silent: silentOf([short], { silentMs: 75_000 }) }).due).toEqual([]);
  });

  test('gives up none of a pool of which too many are silent, and those of others', () => {
    const workers = fleet(10);
    const other = makeWorker({ pool: 'other' });
    const silent = silentOf([...workers.slice(0, 5), other]);
    const plan = twice({ workers: [...workers, other], silent });
    expect(plan.due.map(({ record }) => record)).toEqual([other]);
    expect(plan.brakes).toEqual([{ pool: 'default', silent: 5, workers: 10, limit: 3 }]);
    expect(plan.brakes.map(brakeText)[0]).toMatch(
      /^5 of 10 workers of pool default .*more than 3.*release default`\.$/,
    );
  });

  test('counts also those that are silent and not due yet', () => {
    const workers = fleet(10);
    const early = silentOf(workers.slice(1, 5), { silentMs: TTL + 1 });
    expect(twice({ workers, silent: [...silentOf(workers.slice(0, 1)), ...early] }).due).toEqual([]);
  });

  test('does not hold back what owns nothing, nor what was released by hand', () => {
    const workers = fleet(10);
    const idle = silentOf(workers.slice(0, 2), { attempts: 0 });
    const busy = silentOf(workers.slice(2, 6));
    const released = silentOf(fleet(1, { released: true }));
    const plan = twice({
      workers: [...workers, ...released.map(({ record }) => record)],
      silent: [...idle, ...busy, ...released],
    });
    expect(plan.due).toEqual([...idle, ...released]);
    expect(plan.brakes[0]?.silent).toBe(4);
  });

  test('goes on when enough of them are back', () => {
    const workers = fleet(10);
    expect(twice({ workers, silent: silentOf(workers.slice(0, 3)) }).due).toHaveLength(3);
  });

  test('never lets more of a pool go than the brake allows', () => {
    const sizes = fc.record({
      alive: fc.nat({ max: 40 }),
      silent: fc.nat({ max: 40 }),
      expired: fc.nat({ max: 10 }),
      ago: fc.nat({ max: 120_000 }),
    });
    fc.assert(
      fc.property(sizes, ({ alive, silent, expired, ago }) => {
        const gone = fleet(expired, { expired: { at: NOW - ago, attempts: 1 } });
        const silentRecords = fleet(silent);
        const workers = [...fleet(alive), ...silentRecords, ...gone];
        const { due } = twice({ workers, silent: silentOf(silentRecords) });
        const counted = ago < 60_000 ? expired : 0;
        const limit = Math.max(3, Math.floor((alive + silent + counted) * 0.2));
        expect(due.length === 0 || due.length + counted <= limit).toBe(true);
        expect(due.length).toBe(silent + counted <= limit ? silent : 0);
      }),
    );
  });
});

describe('findBrakes', () => {
  test('counts what expired within the last minute and owned something', () => {
    const brakesAfter = (ago: number, attempts: number) => {
      const gone = fleet(3, { expired: { at: NOW - ago, attempts } });
      const [last, ...rest] = fleet(7);
      if (last === undefined) throw new Error('no worker');
      return findBrakes({ workers: [last, ...rest, ...gone], silent: silentOf([last]), now: NOW });
    };
    expect(brakesAfter(59_999, 1)).toEqual([{ pool: 'default', silent: 4, workers: 10, limit: 3 }]);
    expect(brakesAfter(60_000, 1)).toEqual([]);
    expect(brakesAfter(1, 0)).toEqual([]);
  });

  test('does not take stopped workers for a part of the pool', () => {
    const workers = [...fleet(4), ...fleet(100, { stopped: true })];
    expect(findBrakes({ workers, silent: silentOf(workers.slice(0, 4)), now: NOW })[0]?.workers).toBe(4);
  });
});

describe('isOver', () => {
  test('holds for an ended session at once, and for a stopped worker after its lease', () => {
    const at = (overrides: Partial<WorkerRecord>) =>
      isOver(makeWorker({ seenAt: NOW, ...overrides }), { graceMs: GRACE, now: NOW });
    expect(at({})).toBe(false);
    expect(at({ expired: { at: NOW, attempts: 0 } })).toBe(true);
    expect(at({ stopped: true })).toBe(false);
    expect(at({ stopped: true, seenAt: NOW - OVERDUE })).toBe(true);
  });
});
