import { describe, expect, test } from '@jest/globals';
import { controlPlaneConfigSchema } from '../../../../services/control-plane/config.js';

describe('controlPlaneConfigSchema', () => {
  test('has a default and a description for every key', () => {
    const config = controlPlaneConfigSchema.parse({});
    expect(config).toMatchObject({ listen: '127.0.0.1:7070', partitions: 8, pools: ['default'], maxMemoryMb: null });
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
  ])('refuses %j at %s', (given, key) => {
    const result = controlPlaneConfigSchema.safeParse(given);
    expect(result.error?.issues.map((issue) => issue.path[0])).toEqual([key]);
  });

  test('refuses unknown keys', () => {
    expect(controlPlaneConfigSchema.safeParse({ colour: 'red' }).success).toBe(false);
  });
});
