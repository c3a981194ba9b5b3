import { describe, expect, test } from '@jest/globals';
import { listStats, parseStat, readBoot, readMemory, readStat } from '../../../../../infra/process/launcher/proc.js';

describe('parseStat', () => {
  const rest = 'S 1 42 41 0 -1 4194304 100 0 0 0 3 4 5 6 20 0 1 0 206035 3133440 388 0 0';

  test('reads the fields behind the name, whatever the name', () => {
    const expected = { processId: 42, state: 'S', group: 42, session: 41, cpuTimeMs: 180, startTicks: 206035 };
    for (const name of ['cat', 'a b', ') R 9 9', '((', '']) {
      expect(parseStat(`42 (${name}) ${rest}\n`)).toEqual(expected);
    }
  });

  test('is null for anything else', () => {
    for (const text of ['', '42', '42 (cat) S 1', 'x (cat) S 1']) expect(parseStat(text)).toBeNull();
  });
});

describe('the kernel', () => {
  test('tells of this process', () => {
    expect(readStat(process.pid)).toMatchObject({ processId: process.pid });
    expect(listStats().map((stat) => stat.processId)).toContain(process.pid);
    const memory = readMemory(process.pid);
    expect(memory?.peakBytes).toBeGreaterThanOrEqual(memory?.residentBytes ?? Infinity);
    expect(readBoot()).toMatch(/^[0-9a-f-]{36} pid:\[\d+\]$/);
  });

  test('tells nothing of a process that does not exist', () => {
    expect(readStat(2 ** 22 + 1)).toBeNull();
    expect(readMemory(2 ** 22 + 1)).toBeNull();
  });
});
