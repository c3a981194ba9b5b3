import { describe, expect, test } from '@jest/globals';
import type { StoredRecord } from '../../../../../core/ports/topic-log.js';
import { RecentRecords } from '../../../../../infra/log/embedded/recent-records.js';

const AT = { topic: 't', partition: 0 };

function records(first: number, count: number, partition = 0): readonly StoredRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ topic: 't', partition, key: '', value: new Uint8Array(10), headers: {}, appendedAt: 1 },
    offset: first + index,
  }));
}

function offsets(recent: RecentRecords, offset: number, limit = 100): readonly number[] | null {
  return recent.read({ ...AT, offset }, limit)?.map((each) => each.offset) ?? null;
}

describe('RecentRecords', () => {
  test('gives the records from an offset on, over several appends, up to the limit', () => {
    const recent = new RecentRecords();
    recent.add(records(5, 2));
    recent.add(records(7, 3));
    expect(offsets(recent, 5)).toEqual([5, 6, 7, 8, 9]);
    expect(offsets(recent, 6, 3)).toEqual([6, 7, 8]);
    expect(offsets(recent, 8)).toEqual([8, 9]);
  });

  test('knows that there is nothing behind its last record', () => {
    const recent = new RecentRecords();
    recent.add(records(5, 2));
    expect(offsets(recent, 7)).toEqual([]);
    expect(offsets(recent, 8)).toBeNull();
  });

  test('does not know what it does not hold', () => {
    const recent = new RecentRecords();
    expect(offsets(recent, 0)).toBeNull();
    recent.add(records(5, 2));
    recent.add(records(0, 1, 1));
    expect(offsets(recent, 4)).toBeNull();
  });

  test('begins anew behind a gap', () => {
    const recent = new RecentRecords();
    recent.add(records(5, 2));
    recent.add(records(9, 1));
    expect(offsets(recent, 5)).toBeNull();
    expect(offsets(recent, 9)).toEqual([9]);
  });

  test('lets go of the oldest of all partitions when it is full', () => {
    const recent = new RecentRecords(4 * 610);
    recent.add(records(0, 2));
    recent.add(records(0, 2, 1));
    recent.add(records(2, 1));
    expect(offsets(recent, 0)).toBeNull();
    expect(offsets(recent, 2)).toEqual([2]);
    expect(recent.read({ ...AT, partition: 1, offset: 0 }, 10)).toHaveLength(2);
  });

  test('forgets a partition', () => {
    const recent = new RecentRecords();
    recent.add(records(5, 2));
    recent.forget(AT);
    expect(offsets(recent, 5)).toBeNull();
    recent.add(records(7, 1));
    expect(offsets(recent, 7)).toEqual([7]);
  });
});
