import { describe, expect, test } from '@jest/globals';
import { jobTopic, TOPICS } from '../../../../core/fleet/topics.js';

describe('topics', () => {
  test('have names of their own, which a pool cannot take', () => {
    const names = [...Object.values(TOPICS), jobTopic('default'), jobTopic('job-events'), jobTopic('heartbeats')];
    expect(new Set(names).size).toBe(names.length);
    expect(jobTopic('big')).toBe('marid.jobs.big');
  });
});
