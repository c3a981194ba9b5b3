import { describe, expect, test } from '@jest/globals';
import { JOB_STATUSES, mayFollow } from '../../../../core/job/status.js';
import { transition } from '../../../../core/job/transition.js';
import { accepted, running, T0 } from './fixture.js';

describe('transition', () => {
  test('takes exactly the steps of the table', () => {
    for (const from of JOB_STATUSES) {
      for (const to of JOB_STATUSES) {
        const take = () =>
          transition({ ...running(), status: from }, { to, reason: 'R', message: 'm', actor: 'a', now: T0 });
        if (mayFollow(from, to)) expect(take().status).toBe(to);
        else expect(take).toThrow(expect.objectContaining({ name: 'MaridError', code: 'INTERNAL' }));
      }
    }
  });

  test('writes the step down as the next revision', () => {
    const job = transition(accepted(), { to: 'KILLED', reason: 'R', message: 'm', actor: 'user:bob', now: T0 + 7 });
    expect(job).toMatchObject({ revision: 2, updatedAt: T0 + 7, reason: 'R', message: 'm', endedAt: T0 + 7 });
    expect(job.history.at(-1)).toEqual({
      ...{ sequence: 4, at: T0 + 7, from: 'ACCEPTED', to: 'KILLED' },
      ...{ attempt: 0, reason: 'R', message: 'm', actor: 'user:bob' },
    });
  });
});
