import { beforeEach, describe, expect, test } from '@jest/globals';
import type { WorkerRecord } from '../../../../../core/fleet/worker-record.js';
import { Heartbeats } from '../../../../../services/control-plane/fleet/heartbeats.js';
import { LeaseExpiryTask } from '../../../../../services/control-plane/fleet/lease-expiry-task.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { makeWorker } from '../../../../support/job-fixtures.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';

const TTL = 100_000;

let clock: FakeClock;
let term: number;
let caughtUp: boolean;
let workers: readonly WorkerRecord[];
let expired: string[];
let lost: string[];
let task: LeaseExpiryTask;

beforeEach(() => {
  clock = new FakeClock();
  term = 1;
  caughtUp = true;
  workers = [makeWorker({ id: 'w', leaseTtlMs: TTL })];
  [expired, lost] = [[], []];
  task = new LeaseExpiryTask({
    directory: {
      list: () => workers.map((record) => ({ record, seenAt: 0, memoryFreeMb: 0, runningJobs: 0, partitions: [] })),
    },
    silent: {
      find: async () =>
        workers.filter((each) => each.expired === null).map((record) => ({ record, silentMs: 2 * TTL, attempts: 1 })),
    },
    expiry: {
      expire: async ({ record }) => expired.push(record.id),
      loseAttempts: async ({ id }) => lost.push(id),
    },
    ...{ answers: async () => false, caughtUp: async () => caughtUp, term: () => term },
    ...{ leaseTtlMs: TTL, graceMs: 15_000, warmUpMs: 60_000, clock, logger: new QuietLogger() },
  });
});

describe('the task lease-expiry', () => {
  test('gives nobody up before its leader is warm, and begins anew with each term', async () => {
    for (const next of [1, 2]) {
      term = next;
      expired = [];
      expect(await task.run()).toContain('this leader is new');
      await clock.advance(59_999);
      await task.run();
      expect(expired).toEqual([]);
      await clock.advance(1);
      await task.run();
      expect(expired).toEqual(['w']);
    }
  });

  test('gives nobody up while what workers reported is not applied', async () => {
    await task.run();
    await clock.advance(60_000);
    caughtUp = false;
    expect(await task.run()).toContain('worker events are behind');
    expect(expired).toEqual([]);
  });

  test('loses what is claimed late under an ended session, and asks no more after a while', async () => {
    workers = [makeWorker({ id: 'w', expired: { at: clock.now(), attempts: 1 } })];
    await task.run();
    await clock.advance(60_000);
    await task.run();
    await clock.advance(1);
    await task.run();
    await task.run();
    expect(lost).toEqual(['w', 'w']);
  });
});

describe('Heartbeats', () => {
  test('miss nobody for what was appended while nothing was read', () => {
    const heartbeats = new Heartbeats({ partitions: () => 1 });
    const take = (appendedAt: number): void => {
      heartbeats.take({
        topic: '',
        partition: 0,
        offset: 0,
        key: '',
        value: new Uint8Array(),
        headers: {},
        appendedAt,
      });
    };
    expect(heartbeats.silenceMs('w', 's')).toBeNull();
    take(1000);
    take(5000);
    expect(heartbeats.silenceMs('w', 's')).toBe(4000);
    heartbeats.begin();
    expect(heartbeats.silenceMs('w', 's')).toBeNull();
    take(90_000);
    expect(heartbeats.silenceMs('w', 's')).toBe(0);
  });
});
