import { describe, expect, test } from '@jest/globals';
import type { ExpiryBrake } from '../../../../core/fleet/expiry-brake.js';
import { durationText } from '../../../../core/job/duration-text.js';
import { explainJob, type WorkerFacts } from '../../../../core/job/explain.js';
import type { Job } from '../../../../core/job/job.js';
import { requestKill } from '../../../../core/job/kill.js';
import { loseAttempt } from '../../../../core/job/lose.js';
import { recordOffer } from '../../../../core/job/offer.js';
import { JOB_STATUSES } from '../../../../core/job/status.js';
import { accepted, after, claimed, eventOf, EXIT, RETRY, running, T0 } from './fixture.js';

const NOW = T0 + 12_300;
const WORKER: WorkerFacts = {
  ...{ id: 'w1', pool: 'default', memoryBudgetMb: 4_000, memoryFreeMb: 2_000 },
  ...{ alive: true, draining: false, reservation: null },
  ...{ silent: false, seenAt: T0, givenUpAt: T0 + 135_000, released: false },
};

const DEADLINES = { ACCEPTED: null, CLAIMED: 60_000, INIT: 60_000, RUNNING: 60_000, KILL: 60_000 };

function explain(
  job: Job,
  workers: readonly Partial<WorkerFacts>[] = [{}],
  now = NOW,
  brakes: readonly ExpiryBrake[] = [],
) {
  const facts = { now, brakes, deadlines: DEADLINES, retry: RETRY };
  return explainJob(job, { ...facts, workers: workers.map((each) => ({ ...WORKER, ...each })) });
}

describe('explainJob', () => {
  test('tells of the worker that is reserved for it, and of those that are for others', () => {
    const held = (jobId: string) => ({ reservation: { jobId, memoryMb: 1000, since: NOW - 5_000 } });
    expect(explain(accepted(), [{ memoryFreeMb: 300, ...held('j1') }])).toMatchObject({
      summary: 'It waits for memory: it needs 1000 MiB, and the largest free on a worker of pool default is 300 MiB.',
      details: expect.arrayContaining([
        'Worker w1 has been reserved for it for 5 s: it claims nothing else until 1000 MiB are free; now 300 MiB are.',
      ]),
    });
    expect(explain(accepted(), [held('other')]).summary).toBe(
      'It waits for its turn: every worker of pool default is reserved for a job that has waited longer.',
    );
  });

  test('says which command and cluster were chosen and why', () => {
    expect(explain(accepted()).details.slice(0, 2)).toEqual([
      'It runs command "spark-submit" (id spark, version "3.5") on cluster "prod" (id c1, version "3.5") and reserves 1000 MiB.',
      'Its tags matched.',
    ]);
  });

  test.each<[string, readonly Partial<WorkerFacts>[], string]>([
    ['no worker', [], 'It waits for a worker: none of pool default is alive.'],
    [
      'only dead and foreign workers',
      [{ alive: false }, { pool: 'big' }],
      'It waits for a worker: none of pool default is alive.',
    ],
    [
      'only draining workers',
      [{ draining: true }],
      'It waits for a worker: of pool default 1 worker is alive, all draining.',
    ],
    [
      'too small workers',
      [{ memoryBudgetMb: 900 }, { memoryBudgetMb: 9_000, alive: false }],
      'It does not fit any worker of pool default: it needs 1000 MiB, and the largest budget is 900 MiB.',
    ],
    [
      'full workers',
      [{ memoryFreeMb: 10 }, { memoryFreeMb: 700 }, { memoryFreeMb: 5_000, draining: true }],
      'It waits for memory: it needs 1000 MiB, and the largest free on a worker of pool default is 700 MiB.',
    ],
    ['room', [{}], 'It can be claimed: a worker of pool default has 2000 MiB free, and it needs 1000 MiB.'],
  ])('says what a job waits for: %s', (_, workers, summary) => {
    expect(explain(accepted(), workers).summary).toBe(summary);
  });

  test('says how often a waiting job was offered', () => {
    const job = recordOffer(recordOffer(accepted(), T0 + 2_000), T0 + 12_000);
    expect(explain(job).details.at(-1)).toBe(
      'It has been waiting for 12 s and was offered again 2 times since; the next offer is due in 19 s.',
    );
  });

  test('says that a retry rests, and tells the attempts so far', () => {
    const job = running({ maxAttempts: 2 });
    const event = eventOf(job, 'FAILED', {
      at: T0 + 5_200,
      result: EXIT,
      reason: 'EXIT_CODE',
      message: 'Exit code 1.',
    });
    const { summary, details } = explain(after(job, event, T0 + 12_000));
    expect(summary).toBe('It rests 700 ms before attempt 2: Attempt 1: Exit code 1.');
    expect(details).toContain(
      'Attempt 1 on worker w1 (host1) ended FAILED after running for 5 s, with exit code 1 (EXIT_CODE: Exit code 1).',
    );
  });

  test('says who has the job', () => {
    const job = claimed(accepted());
    expect(explain(job).summary).toBe('Worker w1 on host1 claimed attempt 1 and has not begun to prepare it.');
    expect(explain(after(job, eventOf(job, 'INIT'))).summary).toBe(
      'Worker w1 on host1 prepares the directory of attempt 1.',
    );
    expect(explain(running()).summary).toBe('Worker w1 on host1 runs attempt 1 for 12 s of at most 1 min.');
    expect(explain(running(), [{ alive: false }]).summary).toContain('w1 on host1, whose session is over, runs');
  });

  describe('of a job whose worker is silent', () => {
    const silent = { alive: false, silent: true, seenAt: T0 + 300 };
    const NAME = 'Worker w1 on host1, silent for 12 s (since 2023-11-14T22:13:20.300Z), runs attempt 1';

    test('says since when, and what happens when', () => {
      const { summary } = explain(running({ maxAttempts: 2 }), [silent]);
      expect(summary).toContain(NAME);
      expect(summary).toContain('the attempt is given up in 2 min 2 s; then the job is tried again.');
      const once = explain(running(), [{ ...silent, givenUpAt: NOW }]).summary;
      expect(once).toMatch(/made sure that it does not answer; then the job ends FAILED, because/);
      const killed = requestKill(running(), { actor: 'user:bob', reason: '', now: T0 + 400 });
      if (killed.kind !== 'requested') throw new Error(killed.kind);
      expect(explain(killed.job, [silent]).summary).toContain('then the job is KILLED, as was asked.');
    });

    test('says that the brake holds, unless the worker was released', () => {
      const brakes = [{ pool: 'default', silent: 5, workers: 10, limit: 3 }];
      expect(explain(running(), [silent], NOW, brakes).summary).toContain(
        'Its attempt is not given up: 5 of 10 workers of pool default are silent or were given up within the last minute, more than 3: no more',
      );
      expect(explain(running(), [{ ...silent, released: true }], NOW, brakes).summary).toContain('is given up in');
    });
  });

  test('says that a kill was asked for, quoting its reason', () => {
    const result = requestKill(running(), { actor: 'user:bob', reason: 'wrong\ntable', now: T0 + 3_000 });
    if (result.kind !== 'requested') throw new Error(result.kind);
    expect(explain(result.job).details).toContain(
      'user:bob asked for its end ("wrong\\ntable") 3 s after it was submitted.',
    );
  });

  test('says how a job ended', () => {
    const job = running();
    const killed = eventOf(job, 'FAILED', {
      result: { ...EXIT, exitCode: null, signal: 'SIGKILL' },
      message: 'Memory limit.',
    });
    expect(explain(after(job, killed, T0 + 60_000)).summary).toBe(
      'It ended FAILED after 1 attempt, 1 min after it was submitted, by signal SIGKILL. EVENT: Memory limit.',
    );
    const good = eventOf(job, 'SUCCEEDED', { result: { ...EXIT, exitCode: 0 } });
    expect(explain(after(job, good, T0 + 60_000)).summary).toBe(
      'It ended SUCCEEDED after 1 attempt, 1 min after it was submitted, with exit code 0.',
    );
  });

  test('tells the last ten of many attempts', () => {
    let job = accepted();
    for (let count = 0; count < 12; count += 1) {
      const owned = claimed(job, job.nextOfferAt ?? 0);
      job = loseAttempt(owned, { reason: 'LEASE_EXPIRED', message: '', now: T0, retry: RETRY });
    }
    const { details } = explain(job);
    expect(details[2]).toBe('2 earlier attempts are left out.');
    expect(details[3]).toMatch(/^Attempt 3 on worker w1 \(host1\) was lost before its program started/);
    expect(details).toHaveLength(14);
  });

  test('has one sentence for every status', () => {
    for (const status of JOB_STATUSES) {
      expect(explain({ ...running(), status }).summary).toMatch(/^(It|The job|Worker w1) .+/);
    }
  });
});

describe('durationText', () => {
  test.each([
    [-5, '0 ms'],
    [850, '850 ms'],
    [12_999, '12 s'],
    [185_000, '3 min 5 s'],
    [604_800_000, '7 d'],
    [90_061_000, '1 d 1 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
