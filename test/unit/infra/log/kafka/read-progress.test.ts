import { describe, expect, test } from '@jest/globals';
import type { StoredRecord } from '../../../../../core/ports/topic-log.js';
import { ReadProgress } from '../../../../../infra/log/kafka/read-progress.js';

function record(offset: number, appendedAt: number, partition = 0): StoredRecord {
  return { topic: 't', partition, key: '', value: new Uint8Array(), headers: {}, offset, appendedAt };
}

describe('ReadProgress', () => {
  test('what was handed over does not come again, and what is new does', () => {
    const progress = new ReadProgress();
    expect(progress.admit(record(0, 10), record(4, 14))).toEqual({ kind: 'go-on', from: 0, doubt: null });
    progress.advance(record(4, 14));
    expect(progress.admit(record(0, 10), record(4, 14))).toEqual({ kind: 'skip', next: 5 });
    expect(progress.admit(record(2, 12), record(7, 17))).toEqual({ kind: 'go-on', from: 5, doubt: null });
    expect(progress.admit(record(9, 19), record(9, 19))).toEqual({ kind: 'go-on', from: 9, doubt: null });
  });

  test('an offset that was seen, with a later time, is a partition that was made anew', () => {
    const progress = new ReadProgress();
    progress.advance(record(4, 14));
    expect(progress.admit(record(0, 15), record(1, 15))).toEqual({ kind: 'anew' });
    expect(progress.admit(record(0, 15), record(1, 15))).toEqual({ kind: 'go-on', from: 0, doubt: null });
  });

  test('a position skips what is before it, however often it is read', () => {
    const progress = new ReadProgress([{ topic: 't', partition: 0, offset: 100 }]);
    expect(progress.admit(record(0, 10), record(49, 59))).toEqual({ kind: 'skip', next: 100 });
    expect(progress.admit(record(0, 10), record(49, 59))).toEqual({ kind: 'skip', next: 100 });
    expect(progress.admit(record(90, 100), record(120, 130))).toEqual({ kind: 'go-on', from: 100, doubt: null });
    expect(progress.admit(record(60, 70), record(80, 90))).toEqual({ kind: 'skip', next: 100 }); // the first 60 have expired
    expect(progress.admit(record(0, 91), record(0, 91))).toEqual({ kind: 'anew' });
  });

  test('a partition that was taken away is read wherever the group is', () => {
    const progress = new ReadProgress();
    progress.advance(record(4, 14, 0));
    progress.advance(record(4, 14, 1));
    progress.retain([{ topic: 't', partition: 1 }]);
    expect(progress.admit(record(0, 10, 0), record(4, 14, 0))).toEqual({ kind: 'go-on', from: 0, doubt: null });
    expect(progress.admit(record(0, 10, 1), record(4, 14, 1))).toEqual({ kind: 'skip', next: 5 });
  });

  test('records that come long after those before are in doubt: the partition may be another one of the same name', () => {
    const progress = new ReadProgress();
    progress.advance(record(4, 1_000));
    expect(progress.admit(record(5, 2_000), record(9, 2_000))).toEqual({ kind: 'go-on', from: 5, doubt: null });
    const doubt = { offset: 4, appendedAt: 1_000 };
    expect(progress.admit(record(5, 2_001), record(9, 2_001))).toEqual({ kind: 'go-on', from: 5, doubt });
    progress.forget({ topic: 't', partition: 0 });
    expect(progress.admit(record(0, 2_001), record(9, 2_001))).toEqual({ kind: 'go-on', from: 0, doubt: null });
  });
});
