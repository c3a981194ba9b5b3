import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import {
  listStats,
  parseStat,
  readBoot,
  readOutputs,
  readStat,
  readVariable,
} from '../../../../../infra/process/launcher/proc.js';
import { eventually } from '../../../../support/eventually.js';

describe('parseStat', () => {
  const rest = 'S 1 42 41 0 -1 4194304 100 0 0 0 3 4 5 6 20 0 1 0 206035 3133440 388 0 0';

  test('reads the fields behind the name, whatever the name', () => {
    const expected = {
      processId: 42,
      state: 'S',
      parentId: 1,
      group: 42,
      session: 41,
      cpuTimeMs: 180,
      startTicks: 206035,
    };
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
    expect(readOutputs(process.pid)).toHaveLength(2);
    expect(readBoot()).toMatch(/^[0-9a-f-]{36} pid:\[\d+\]$/);
  });

  test('tells nothing of a process that does not exist', () => {
    expect(readStat(2 ** 22 + 1)).toBeNull();
    expect(readOutputs(2 ** 22 + 1)).toEqual([]);
    expect(readVariable(2 ** 22 + 1, 'PATH')).toBeNull();
  });

  test('tells a variable by its whole name', async () => {
    const environment = { A: '1', AB: '2', B: 'x A=3', EMPTY: '' };
    const child = spawn('/bin/sleep', ['60'], { env: environment, stdio: 'ignore' });
    try {
      const read = (name: string): string | null => readVariable(child.pid ?? 0, name);
      await eventually('the program', () => read('A') === '1');
      expect(['A', 'AB', 'B', 'EMPTY', 'C', 'x A'].map(read)).toEqual(['1', '2', 'x A=3', '', null, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
