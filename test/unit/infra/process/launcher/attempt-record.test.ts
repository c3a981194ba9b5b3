import { describe, expect, test } from '@jest/globals';
import {
  decodeRecords,
  encodeRecordLine,
  keyOfAttempt,
  type AttemptRecord,
  type RecordLine,
} from '../../../../../infra/process/launcher/attempt-record.js';
import type { ProcessExit } from '../../../../../core/ports/launcher.js';

const attempt = { jobId: 'job', attempt: 3 };
const intended = { attempt, boot: 'boot pid:[1]', stdoutPath: '/é/out', stderrPath: '/é/err' };
const started = { processId: 12, startedAt: 1000, startTicks: 99 };
const usage = { stdoutBytes: 1, stderrBytes: 2, peakMemoryBytes: null, cpuTimeMs: 30 };
const exit: ProcessExit = {
  attempt,
  result: { exitCode: 0, signal: null, processId: 12, ...usage },
  endedAt: 2000,
  endedBy: null,
};
const FIRST: readonly RecordLine[] = [{ intended }, { attempt, started }, { ended: exit }];
const LINES = FIRST.map(encodeRecordLine);

const read = (text: string): readonly AttemptRecord[] => {
  const fail = (_: string, error: unknown): void => {
    throw error;
  };
  return [...decodeRecords(text, fail).values()];
};

describe('keyOfAttempt', () => {
  test('tells attempts and ids apart, those that differ by case only too', () => {
    const references = [
      { jobId: 'a', attempt: 1 },
      { jobId: 'A', attempt: 1 },
      { jobId: 'a', attempt: 11 },
      { jobId: '1/a', attempt: 1 },
    ];
    expect(new Set(references.map(keyOfAttempt)).size).toBe(references.length);
  });
});

describe('decodeRecords', () => {
  test('reads each state of a record', () => {
    expect(read(LINES.slice(0, 1).join(''))).toEqual([{ intended, started: null, exit: null }]);
    expect(read(LINES.slice(0, 2).join(''))).toEqual([{ intended, started, exit: null }]);
    expect(read(LINES.join(''))).toEqual([{ intended, started, exit }]);
    expect(read([...LINES, encodeRecordLine({ forgotten: attempt })].join(''))).toEqual([]);
  });

  test('tells attempts apart whose lines are mixed', () => {
    const other = { jobId: 'other', attempt: 1 };
    const lines = [LINES[0], encodeRecordLine({ intended: { ...intended, attempt: other } }), LINES[1]];
    expect(read(lines.join('')).map((record) => [record.intended.attempt, record.started])).toEqual([
      [attempt, started],
      [other, null],
    ]);
  });

  test('a line that a full disk cut off does not hide the one behind it', () => {
    const [first = '', second = '', third = ''] = LINES;
    for (let length = 0; length < second.length - 1; length += 1) {
      const records = decodeRecords(first + second.slice(0, length) + third, () => undefined);
      expect([...records.values()]).toEqual([{ intended, started: null, exit }]);
    }
  });

  test('cut off anywhere, it is the state before the line that was being written', () => {
    const text = LINES.join('');
    for (let length = 0; length < text.length; length += 1) {
      const complete = LINES.filter((_, index) => LINES.slice(0, index + 1).join('').length <= length).length;
      expect(read(text.slice(0, length))).toEqual(read(LINES.slice(0, complete).join('')));
    }
  });

  test('passes over what no launcher writes, and says so', () => {
    const unfit = ['{}', 'no JSON', JSON.stringify({ attempt, started: { processId: '12' } })];
    const told: string[] = [];
    const text = `${LINES[0] ?? ''}${unfit.join('\n')}\n${LINES[1] ?? ''}`;
    expect([...decodeRecords(text, (line) => told.push(line)).values()]).toEqual([{ intended, started, exit: null }]);
    expect(told).toEqual(unfit);
  });
});
