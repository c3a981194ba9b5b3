import { describe, expect, test } from '@jest/globals';
import { lowerLimits } from '../../../../core/job/limits.js';

describe('lowerLimits', () => {
  test('takes the lower of both, the only one, or none', () => {
    const asked = { openFiles: 100, processes: 10, folderMb: 5 };
    const allowed = { openFiles: 50, processes: 20, fileMb: 7, cpuTimeMs: null, folderFiles: null };
    expect(lowerLimits(asked, allowed)).toEqual({ openFiles: 50, processes: 10, fileMb: 7 });
    expect(lowerLimits(undefined, { openFiles: null })).toEqual({});
  });
});
