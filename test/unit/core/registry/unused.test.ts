import { describe, expect, test } from '@jest/globals';
import { judgeUnused } from '../../../../core/registry/unused.js';
import { makeApplication, makeCluster, makeCommand } from '../../../support/job-fixtures.js';

const UNUSED_MS = 1000;
const OLD = { updatedAt: 0 };
const use = (now: number, lastUsedAt: number | null = null, named = false) => ({
  now,
  lastUsedAt,
  named,
  unusedMs: UNUSED_MS,
});

describe('judgeUnused', () => {
  test('deletes what was taken out of service, makes commands INACTIVE, and leaves the rest', () => {
    const now = use(UNUSED_MS);
    expect(judgeUnused('cluster', makeCluster({ ...OLD, status: 'TERMINATED' }), now)).toBe('delete');
    expect(judgeUnused('cluster', makeCluster({ ...OLD, status: 'OUT_OF_SERVICE' }), now)).toBe('keep');
    expect(judgeUnused('cluster', makeCluster({ ...OLD, status: 'UP' }), now)).toBe('keep');
    expect(judgeUnused('command', makeCommand({ ...OLD, status: 'INACTIVE' }), now)).toBe('delete');
    expect(judgeUnused('command', makeCommand({ ...OLD, status: 'DEPRECATED' }), now)).toBe('deactivate');
    expect(judgeUnused('command', makeCommand({ ...OLD, status: 'ACTIVE' }), now)).toBe('deactivate');
    expect(judgeUnused('application', makeApplication({ ...OLD, status: 'INACTIVE' }), now)).toBe('delete');
    expect(judgeUnused('application', makeApplication({ ...OLD, status: 'ACTIVE' }), now)).toBe('keep');
  });

  test('keeps what was changed or used less than the time ago, and what another entry names', () => {
    const command = makeCommand({ updatedAt: 500, status: 'INACTIVE' });
    expect(judgeUnused('command', command, use(1499))).toBe('keep');
    expect(judgeUnused('command', command, use(1500))).toBe('delete');
    expect(judgeUnused('command', command, use(1999, 1000))).toBe('keep');
    expect(judgeUnused('command', command, use(2000, 1000))).toBe('delete');
    const application = makeApplication({ ...OLD, status: 'INACTIVE' });
    expect(judgeUnused('application', application, use(10 ** 9, null, true))).toBe('keep');
  });
});
