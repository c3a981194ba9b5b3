import { describe, expect, test } from '@jest/globals';
import { Histogram } from '../../../../core/metrics/histogram.js';
import { gauge, renderMetrics } from '../../../../core/metrics/metric.js';

describe('renderMetrics', () => {
  test('writes the text format, whatever a label holds', () => {
    const metric = gauge('a_bytes', 'Of "a" \\ b.', [{ labels: { user: 'x"y\\z\n} 1' }, value: 1.5 }]);
    expect(renderMetrics([metric, gauge('empty', 'Nothing.', [])])).toBe(
      '# HELP a_bytes Of "a" \\\\ b.\n# TYPE a_bytes gauge\na_bytes{user="x\\"y\\\\z\\n} 1"} 1.5\n' +
        '# HELP empty Nothing.\n# TYPE empty gauge\n',
    );
  });

  test('sums the samples of a gauge that have the same labels', () => {
    const samples = [1, 2, 4].map((value) => ({ labels: { pool: value === 4 ? 'b' : 'a' }, value }));
    expect(renderMetrics([gauge('n', 'N.', samples)])).toContain('n{pool="a"} 3\nn{pool="b"} 4\n');
  });
});

describe('Histogram', () => {
  test('counts each value in every bucket that it does not exceed', () => {
    const waits = new Histogram('pool', [1, 5]);
    for (const value of [0.5, 1, 3, 9]) waits.observe('p', value);
    const metric = { name: 'w', help: 'W.', type: 'histogram', samples: waits.samples() } as const;
    expect(renderMetrics([metric]).split('\n').slice(2, -1)).toEqual([
      'w_bucket{pool="p",le="1"} 2',
      'w_bucket{pool="p",le="5"} 3',
      'w_bucket{pool="p",le="+Inf"} 4',
      'w_sum{pool="p"} 13.5',
      'w_count{pool="p"} 4',
    ]);
  });
});
