import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { barChart } from '../../../bench/harness/chart.js';
import { Ledger } from '../../../bench/harness/ledger.js';
import { quantile, summaryOf } from '../../../bench/harness/statistics.js';
import { makeTemporaryFolder } from '../../support/temporary-folder.js';

const line = (id: string, nanoseconds: string): string => `${id.padEnd(12)} ${nanoseconds.padStart(19, '0')}\n`;

describe('the ledger of the benchmarks', () => {
  const folder = makeTemporaryFolder();
  afterAll(() => folder.remove());

  test('shows what was lost and what ran twice', async () => {
    const ledger = new Ledger(join(folder.path, 'ledger'));
    await appendFile(ledger.path, line('one', '1700000000123456789') + line('two', '1') + line('two', '2'));
    await ledger.reached(3);
    expect(await ledger.judge(['one', 'two', 'three', 'four'])).toEqual({ lost: 2, doubled: 1 });
    expect((await ledger.times()).get('one')).toBeCloseTo(1_700_000_000_123.456, 2);
  });

  test('does not wait for ever', async () => {
    const ledger = new Ledger(join(folder.path, 'none'));
    await expect(ledger.reached(1, 20)).rejects.toThrow('0 of 1 jobs ran');
  });
});

test('quantiles are values of the sample', () => {
  const values = [5, 1, 4, 2, 3];
  expect([quantile(values, 0), quantile(values, 0.5), quantile(values, 0.99)]).toEqual([1, 3, 5]);
  expect(summaryOf(values)).toEqual({ median: 3, min: 1, max: 5 });
});

test('a chart escapes the names that it shows', () => {
  const svg = barChart({ title: 'a < b', unit: 'ms', bars: [{ name: '<script>', median: 1, min: 1, max: 2 }] });
  expect(svg).toContain('a &lt; b');
  expect(svg).not.toContain('<script>');
});
