import { describe, expect, test } from '@jest/globals';
import { renderMetrics } from '../../../../../core/metrics/metric.js';
import { usageMetrics } from '../../../../../services/control-plane/metrics/usage-metrics.js';

describe('usageMetrics', () => {
  test('gives the users with the most jobs values of their own, and sums the others', () => {
    const usage = Array.from({ length: 150 }, (_, index) => ({
      ...{ user: `u${String(index)}`, pool: 'default', memoryMb: 1 },
      ...{ activeJobs: index + 1, waitingJobs: 1 },
    }));
    const text = renderMetrics(usageMetrics(usage));
    expect(text).toContain('marid_jobs{pool="default",user="u149",state="owned"} 149\n');
    expect(text).toContain('marid_jobs{pool="default",user="u50",state="waiting"} 1\n');
    expect(text).not.toContain('user="u49"');
    expect(text).toContain('marid_jobs{pool="default",user="",state="waiting"} 50\n');
    expect(text).toContain(`marid_job_memory_bytes{pool="default",user=""} ${String(50 * 1024 * 1024)}\n`);
  });
});
