import { describe, expect, test } from '@jest/globals';
import { hitOfExit, limitHit, MIB, nextLookMs } from '../../../../../infra/process/launcher/limit-check.js';
import type { Usage } from '../../../../../infra/process/launcher/proc-usage.js';

const usage: Usage = {
  ...{ residentBytes: 0, peakMemoryBytes: 0, cpuTimeMs: 5000, bytesRead: 0, bytesWritten: 0, processes: 10 },
};

describe('limitHit', () => {
  test('nothing is reached by standing at a limit, or without one', () => {
    const limits = { memoryMb: 100, cpuTimeMs: 5000, processes: 10 };
    expect(limitHit(limits, usage, 100 * MIB)).toBeNull();
    expect(limitHit({}, usage, 2 ** 50)).toBeNull();
  });

  test('tells what is allowed and what was found, memory first and rounded up', () => {
    const limits = { memoryMb: 100, cpuTimeMs: 4000, processes: 9 };
    expect(limitHit(limits, usage, 100 * MIB + 1)).toEqual({ limit: 'memory', allowed: 100, used: 101 });
    expect(limitHit(limits, usage, 0)).toEqual({ limit: 'cpuTime', allowed: 4000, used: 5000 });
    expect(limitHit({ processes: 9 }, usage, 0)).toEqual({ limit: 'processes', allowed: 9, used: 10 });
  });
});

describe('hitOfExit', () => {
  test.each([
    [{ exitCode: null, signal: 'SIGXFSZ' }, { fileMb: 2 }, 'fileSize'],
    [{ exitCode: 153, signal: null }, { fileMb: 2 }, 'fileSize'],
    [{ exitCode: null, signal: 'SIGXCPU' }, { cpuTimeMs: 2000 }, 'cpuTime'],
    [{ exitCode: 152, signal: null }, { cpuTimeMs: 2000 }, 'cpuTime'],
  ] as const)('%j under %j', (exit, limits, limit) => {
    expect(hitOfExit(limits, exit)).toMatchObject({ limit, used: null });
    expect(hitOfExit({}, exit)).toBeNull();
    expect(hitOfExit(limits, { exitCode: 1, signal: null })).toBeNull();
  });
});

describe('nextLookMs', () => {
  test('is soon when little room is left, and never for long or at once', () => {
    expect(nextLookMs({}, 2 ** 40)).toBe(2000);
    expect(nextLookMs({ memoryMb: 100_000 }, 0)).toBe(2000);
    expect(nextLookMs({ memoryMb: 1000 }, 0)).toBe(500);
    expect(nextLookMs({ memoryMb: 1000 }, 990 * MIB)).toBe(50);
    expect(nextLookMs({ memoryMb: 1000 }, 2000 * MIB)).toBe(50);
  });
});
