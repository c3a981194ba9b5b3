import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeRecord,
  encodeRecordLine,
  isRecordName,
  recordName,
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
const LINES = [{ intended }, { started }, { ended: exit }].map(encodeRecordLine);

describe('recordName', () => {
  test('is a safe file name, whatever the id', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat(), (jobId, number) => {
        const name = recordName({ jobId, attempt: number });
        expect(name).toMatch(/^[0-9a-f.]+\.jsonl$/);
        expect(name.length).toBeLessThan(100);
        expect(isRecordName(name)).toBe(true);
      }),
    );
  });

  test('tells attempts and ids apart, those that differ by case only too', () => {
    const references = [
      { jobId: 'a', attempt: 1 },
      { jobId: 'A', attempt: 1 },
      { jobId: 'a', attempt: 11 },
      { jobId: 'a.1', attempt: 1 },
    ];
    expect(new Set(references.map(recordName)).size).toBe(references.length);
    expect(isRecordName('launcher.log')).toBe(false);
  });
});

describe('decodeRecord', () => {
  test('reads each state of a record', () => {
    expect(decodeRecord(LINES.slice(0, 1).join(''))).toEqual({ intended, started: null, exit: null });
    expect(decodeRecord(LINES.slice(0, 2).join(''))).toEqual({ intended, started, exit: null });
    expect(decodeRecord(LINES.join(''))).toEqual({ intended, started, exit });
  });

  test('a line that a full disk cut off does not hide the one behind it', () => {
    const [first = '', second = '', third = ''] = LINES;
    for (let length = 0; length < second.length - 1; length += 1) {
      expect(decodeRecord(first + second.slice(0, length) + third)).toEqual({ intended, started: null, exit });
    }
  });

  test('cut off anywhere, it is the state before the line that was being written', () => {
    const text = LINES.join('');
    for (let length = 0; length < text.length; length += 1) {
      const complete = LINES.filter((_, index) => LINES.slice(0, index + 1).join('').length <= length).length;
      const before = complete === 0 ? null : decodeRecord(LINES.slice(0, complete).join(''));
      expect(decodeRecord(text.slice(0, length))).toEqual(before);
    }
  });

  test('refuses what no launcher writes', () => {
    expect(() => decodeRecord('{}\n')).toThrow();
    expect(() => decodeRecord(`${LINES[0] ?? ''}{"started":{"processId":"12"}}\n`)).toThrow();
  });
});
