import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { planReservations, type ReservableWorker } from '../../../../core/dispatch/reserve.js';
import type { Job } from '../../../../core/job/job.js';
import { advanceJob, FIXTURE_TIME, makeJob } from '../../../support/job-fixtures.js';

const NOW = FIXTURE_TIME + 200_000;
const POLICY = { afterMs: 120_000, afterOffers: 3 };

const job = (id: string, memoryMb: number, changes: Partial<Job> = {}): Job => makeJob({ id, memoryMb, ...changes });

function worker(id: string, changes: Partial<ReservableWorker> = {}): ReservableWorker {
  return { id, memoryBudgetMb: 1000, memoryFreeMb: 100, active: true, reservation: null, ...changes };
}

const heldFor = (jobId: string) => ({ jobId, memoryMb: 900, since: NOW - 10 });

const plan = (workers: readonly ReservableWorker[], waiting: readonly Job[]) =>
  planReservations({ now: NOW, policy: POLICY, workers, waiting });

/** What is granted, as `worker: job`. */
const granted = (workers: readonly ReservableWorker[], waiting: readonly Job[]) =>
  plan(workers, waiting).grant.map(({ workerId, reservation }) => `${workerId}: ${reservation.jobId}`);

describe('planReservations', () => {
  test('gives a starved job the free-most worker that is big enough', () => {
    const workers = [
      worker('a'),
      worker('b', { memoryFreeMb: 500 }),
      worker('c', { memoryFreeMb: 800, memoryBudgetMb: 800 }),
    ];
    expect(granted(workers, [job('big', 900)])).toEqual(['b: big']);
    expect(plan(workers, [job('big', 900)]).grant[0]?.reservation).toEqual({ jobId: 'big', memoryMb: 900, since: NOW });
  });

  test.each<[string, Partial<Job>, boolean]>([
    ['has waited too long', {}, true],
    ['is young', { createdAt: NOW - 1000 }, false],
    ['is young but was offered in vain', { createdAt: NOW - 1000, offers: 3 }, true],
    ['rests before a retry', { attempt: 1, nextOfferAt: NOW + 5 }, false],
    ['runs', { status: 'RUNNING' }, false],
  ])('a job that %s', (_, changes, reserved) => {
    expect(granted([worker('a')], [job('j', 900, changes)])).toHaveLength(reserved ? 1 : 0);
  });

  test('leaves a job alone that is larger than every budget', () => {
    expect(granted([worker('a'), worker('b')], [job('huge', 1001), job('big', 900)])).toEqual(['a: big']);
  });

  test('lets a worker go that is held in vain, and moves the job of one that cannot take it', () => {
    const running = advanceJob(job('gone', 900), 'CLAIMED');
    for (const waiting of [[], [running]]) {
      expect(plan([worker('a', { reservation: heldFor('gone') })], waiting).release).toEqual(['a']);
    }
    for (const lost of [{ active: false }, { memoryBudgetMb: 899 }]) {
      const workers = [worker('a', { reservation: heldFor('big'), ...lost }), worker('b')];
      expect(plan(workers, [job('big', 900)])).toMatchObject({ release: ['a'], grant: [{ workerId: 'b' }] });
    }
  });

  test('lets the second of two workers go that two leaders have held for one job', () => {
    const workers = ['a', 'b'].map((id) => worker(id, { reservation: heldFor('big') }));
    expect(plan(workers, [job('big', 900)])).toEqual({ release: ['b'], grant: [] });
  });

  test('holds half of the workers at most, in the order of the jobs, and one always', () => {
    const workers = ['a', 'b', 'c', 'd', 'e'].map((id) => worker(id));
    const jobs = ['1', '2', '3'].map((id) => job(id, 900));
    expect(granted(workers, jobs)).toEqual(['a: 1', 'b: 2']);
    expect(granted(workers.slice(0, 1), jobs)).toEqual(['a: 1']);
  });

  test('carried out again and again, it settles, and whoever is held is held for one waiting job that fits', () => {
    const anyWorker = fc.record({
      memoryBudgetMb: fc.integer({ min: 1, max: 1000 }),
      active: fc.boolean(),
      held: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }),
    });
    fc.assert(
      fc.property(
        fc.array(anyWorker, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 5 }),
        (given, sizes) => {
          const waiting = sizes.map((memoryMb, index) => job(`j${index}`, memoryMb));
          const workers = given.map(({ held, ...rest }, index) =>
            worker(`w${index}`, { ...rest, reservation: held === null ? null : heldFor(`j${held}`) }),
          );
          const after = carryOut(workers, waiting);
          const reserved = after.filter((each) => each.reservation !== null);
          for (const each of reserved) {
            const wanted = waiting.find(({ id }) => id === each.reservation?.jobId);
            expect(each.active && wanted !== undefined && wanted.memoryMb <= each.memoryBudgetMb).toBe(true);
          }
          expect(new Set(reserved.map((each) => each.reservation?.jobId)).size).toBe(reserved.length);
          expect(plan(after, waiting)).toEqual({ release: [], grant: [] });
        },
      ),
    );
  });
});

function carryOut(workers: readonly ReservableWorker[], waiting: readonly Job[]): readonly ReservableWorker[] {
  const { release, grant } = plan(workers, waiting);
  const left = workers.map((each) => (release.includes(each.id) ? { ...each, reservation: null } : each));
  const after = left.map((each) => {
    const reservation = grant.find(({ workerId }) => workerId === each.id)?.reservation ?? each.reservation;
    return { ...each, reservation };
  });
  return release.length === 0 ? after : carryOut(after, waiting);
}
