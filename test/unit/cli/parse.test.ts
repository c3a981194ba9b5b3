import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseKind, KIND_WORDS } from '../../../cli/words.js';
import { collectPairs, parseMemoryMb } from '../../../cli/parse/amounts.js';
import { parseCriterion } from '../../../cli/parse/criterion.js';
import { durationToMs, parseDuration, parseMoment } from '../../../cli/parse/duration.js';
import { collectLimits, type LimitsInput } from '../../../cli/parse/limits.js';
import { formatLength } from '../../../cli/output/times.js';

describe('parseMemoryMb', () => {
  test.each([
    ['512', 512],
    ['512m', 512],
    ['2g', 2048],
    ['1.5G', 1536],
    ['2GiB', 2048],
  ])('%s is %i MiB', (text, mb) => {
    expect(parseMemoryMb(text)).toBe(mb);
  });

  test.each(['', '0', '-1', '2x', 'g', '1e3', '9999999g'])('%j is refused', (text) => {
    expect(() => parseMemoryMb(text)).toThrow('Write an amount of memory');
  });
});

describe('collectLimits', () => {
  test('reads each limit in its own unit, the later one of two', () => {
    const texts = [
      'cpu-time=2m',
      'open-files=64',
      'processes=9',
      'file-size=1g',
      'folder-size=5',
      'folder-files=7',
      'processes=8',
    ];
    const limits = texts.reduce<LimitsInput | undefined>((before, text) => collectLimits(text, before), undefined);
    expect(limits).toMatchObject({ openFiles: 64, processes: 8, fileMb: 1024, folderMb: 5, folderFiles: 7 });
    expect(limits?.cpuTime?.seconds).toBe(120n);
  });

  test.each(['', '=1', 'memory=1', 'processes', 'processes=', 'processes=0', 'cpu-time=5', 'toString=1'])(
    '%j is refused',
    (text) => {
      expect(() => collectLimits(text, undefined)).toThrow('Write');
    },
  );
});

describe('parseDuration', () => {
  test.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '30', '5 m', 'm', '-5m', '0s', '5y'])('%j is refused', (text) => {
    expect(() => parseDuration(text)).toThrow('Write a length of time');
  });

  test('reads what formatLength writes, to its precision', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 1e10 }), (ms) => {
        const read = durationToMs(formatLength(ms)) ?? Number.NaN;
        expect(Math.abs(read - ms)).toBeLessThanOrEqual(Math.max(10, ms / 2));
      }),
    );
  });
});

describe('parseMoment', () => {
  test('reads how long ago and ISO times', () => {
    expect(parseMoment('2h', 10_000_000)).toBe(2_800_000);
    expect(parseMoment('2026-01-31T08:00:00Z', 0)).toBe(Date.UTC(2026, 0, 31, 8));
    expect(() => parseMoment('yesterday', 0)).toThrow('Write how long ago');
  });
});

describe('parseCriterion', () => {
  test('reads all parts, and slashes inside values', () => {
    expect(parseCriterion('ID=i/NAME=a/b/VERSION=3.5/STATUS=up/TAGS=x, y')).toEqual({
      id: 'i',
      name: 'a/b',
      version: '3.5',
      status: 'UP',
      tags: ['x', 'y'],
    });
  });

  test.each(['', 'prod', 'ID=', 'TAGS=a,,b', 'ID=a/ID=b', 'NMAE=x'])('%j is refused', (text) => {
    expect(() => parseCriterion(text)).toThrow('Write parts joined by');
  });
});

describe('collectPairs', () => {
  test('cuts at the first =', () => {
    expect(collectPairs('B=x=y', { A: '1' })).toEqual({ A: '1', B: 'x=y' });
    expect(() => collectPairs('=x', undefined)).toThrow('Write NAME=VALUE');
  });
});

describe('parseKind', () => {
  test('takes singular, plural and short words, and names the closest otherwise', () => {
    const parse = parseKind(KIND_WORDS);
    expect([parse('job'), parse('clusters'), parse('app')]).toEqual(['job', 'cluster', 'application']);
    expect(() => parse('cluter')).toThrow('did you mean "clusters"?');
  });
});
