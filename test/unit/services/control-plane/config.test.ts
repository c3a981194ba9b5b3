import { describe, expect, test } from '@jest/globals';
import { controlPlaneConfigSchema } from '../../../../services/control-plane/config.js';
import { deadlinePolicyOf } from '../../../../services/control-plane/leader-config.js';

describe('controlPlaneConfigSchema', () => {
  test('has a default and a description for every key', () => {
    const config = controlPlaneConfigSchema.parse({});
    expect(config).toMatchObject({ listen: '127.0.0.1:7070', partitions: null, pools: ['default'], maxMemoryMb: null });
    for (const [key, field] of Object.entries(controlPlaneConfigSchema.shape)) {
      expect([key, field.description]).toEqual([key, expect.stringMatching(/\.$/)]);
    }
  });

  test.each([
    [{ listen: 'nowhere' }, 'listen'],
    [{ partitions: 0 }, 'partitions'],
    [{ pools: [] }, 'pools'],
    [{ pools: ['a b'] }, 'pools'],
    [{ heartbeatIntervalMs: 30_001, leaseTtlMs: 120_000 }, 'heartbeatIntervalMs'],
    [{ leaseTtlMs: 3999, heartbeatIntervalMs: 500 }, 'leaseTtlMs'],
    [{ commandSelector: 'best' }, 'commandSelector'],
    [{ leaderTasks: { sweep: {} } }, 'leaderTasks'],
    [{ leaderTasks: { retention: { cron: '61 * * * *' } } }, 'leaderTasks'],
    [{ leaderTasks: { retention: { cron: '@daily', everyMs: 1000 } } }, 'leaderTasks'],
    [{ unusedRegistryMs: 120_000, jobRetentionMs: 60_000 }, 'unusedRegistryMs'],
    [{ unusedRegistryMs: 60_000, maxEndedJobs: 5 }, 'maxEndedJobs'],
    [{ log: 'kafka', kafkaBrokers: ['a:1'], jobEventRetentionRecords: 5 }, 'jobEventRetentionRecords'],
  ])('refuses %j at %s', (given, key) => {
    const result = controlPlaneConfigSchema.safeParse(given);
    expect(result.error?.issues.map((issue) => issue.path[0])).toEqual([key]);
  });

  test('lets no kill count as done before the lease of its worker has run out', () => {
    const config = controlPlaneConfigSchema.parse({ killDeadlineMs: 60_000, leaseTtlMs: 3_600_000 });
    expect(deadlinePolicyOf(config).KILL).toBe(3_600_000);
  });

  test('refuses unknown keys', () => {
    expect(controlPlaneConfigSchema.safeParse({ colour: 'red' }).success).toBe(false);
  });
});
