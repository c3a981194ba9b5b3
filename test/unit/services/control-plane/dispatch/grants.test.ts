/** Claims that are made with the insert of their job. */
import { describe, expect, test } from '@jest/globals';
import type { Job } from '../../../../../core/job/job.js';
import { Grants, type AskingWorker } from '../../../../../services/control-plane/dispatch/grants.js';
import type { LiveWorker } from '../../../../../services/control-plane/fleet/worker-directory.js';
import { FakeClock, turn } from '../../../../support/fake-clock.js';
import { makeJob, makeWorker } from '../../../../support/job-fixtures.js';

const asking = (more: Partial<AskingWorker> = {}): AskingWorker => ({
  ...{ workerId: 'w', session: 's', memoryMb: 1000, maxJobs: 10, claimId: 'c', waitMs: 1000 },
  reservedFor: '',
  ...more,
});

function liveWorker(id: string, pool: string): LiveWorker {
  const record = makeWorker({ id, session: 's', pool });
  return { record, seenAt: 0, memoryFreeMb: 0, runningJobs: 0, partitions: [] };
}

function grantsOf(workers: ReadonlyMap<string, LiveWorker>): Grants {
  return new Grants({
    directory: { get: (id) => workers.get(id) ?? null },
    idleWorkers: { wait: async () => false },
    clock: new FakeClock(),
  });
}

/** A call of each worker, by its pool and its memory in MiB. */
function openMany(workers: Readonly<Record<string, readonly [string, number]>>): Grants {
  const named = Object.entries(workers);
  const grants = grantsOf(new Map(named.map(([id, [pool]]) => [id, liveWorker(id, pool)])));
  for (const [workerId, [, memoryMb]] of named) grants.open(asking({ workerId, memoryMb }));
  return grants;
}

function open(worker: AskingWorker) {
  const grants = grantsOf(new Map([[worker.workerId, liveWorker(worker.workerId, 'default')]]));
  const call = grants.open(worker);
  let answer: readonly string[] | null = null;
  const end = async (): Promise<void> => {
    answer = (await grants.end(call)).map(({ id }: Job) => id);
  };
  return { grants, call, end, answer: () => answer };
}

describe('Grants', () => {
  test('a worker of another process gets a job when it is durable', async () => {
    const { grants, end, answer } = open(asking());
    const grant = grants.grant(makeJob({ id: 'a', memoryMb: 100 }));
    expect(grant?.job).toMatchObject({ status: 'CLAIMED', claim: { workerId: 'w', session: 's', claimId: 'c' } });
    grant?.visible();
    void end();
    await turn();
    expect(answer()).toBeNull();
    grant?.settled(true);
    await turn();
    expect(answer()).toEqual(['a']);
  });

  test('a worker that is a thread of this process gets it when it is committed', async () => {
    const { grants, end, answer } = open(asking({ tellEarly: () => undefined }));
    grants.grant(makeJob({ id: 'a', memoryMb: 100 }))?.visible();
    void end();
    await turn();
    expect(answer()).toEqual(['a']);
  });

  test.each([
    { when: 'it waits', waits: true, ids: ['a'], told: ['a'] },
    { when: 'there are several, which the answer tells of', waits: true, ids: ['a', 'b'], told: [] },
    { when: 'it may claim others besides', waits: false, ids: ['a'], told: [] },
  ])('a thread is told of a job before the answer: $when', async ({ waits, ids, told }) => {
    const early: string[] = [];
    const { grants, call, end, answer } = open(asking({ tellEarly: ({ jobId }) => early.push(jobId) }));
    if (waits) void grants.wait(call, new AbortController().signal);
    const made = ids.map((id) => grants.grant(makeJob({ id, memoryMb: 100 })));
    for (const grant of made) grant?.visible();
    expect(early).toEqual(told);
    await end();
    expect(answer()).toEqual(ids);
  });

  test('a job that could not be stored is nobody’s', async () => {
    const { grants, end, answer } = open(asking());
    grants.grant(makeJob({ id: 'a', memoryMb: 100 }))?.settled(false);
    await end();
    expect(answer()).toEqual([]);
  });

  test('a call gets no more than it has room for, and nothing behind its first commit', () => {
    const { grants } = open(asking({ memoryMb: 250, maxJobs: 3 }));
    const grantOf = (memoryMb: number) => grants.grant(makeJob({ memoryMb }));
    expect(grantOf(300)).toBeNull();
    const first = grantOf(100);
    expect(first).not.toBeNull();
    expect(grantOf(200)).toBeNull();
    expect(grantOf(100)).not.toBeNull();
    first?.visible();
    expect(grantOf(10)).toBeNull();
  });

  test('calls of a pool take turns, and the one with more room goes before', () => {
    const grants = openMany({
      a: ['default', 1000],
      b: ['default', 1000],
      other: ['other', 9000],
      large: ['default', 1300],
    });
    const owners = Array.from({ length: 7 }, () => grants.grant(makeJob({ memoryMb: 100 }))?.job.claim?.workerId);
    expect(owners).toEqual(['a', 'large', 'b', 'large', 'a', 'large', 'b']);
  });

  test('the call of a worker that is known only later gets jobs from then on', async () => {
    const workers = new Map<string, LiveWorker>();
    const grants = grantsOf(workers);
    const call = grants.open(asking());
    expect(grants.grant(makeJob({ memoryMb: 100 }))).toBeNull();
    workers.set('w', liveWorker('w', 'default'));
    await grants.wait(call, new AbortController().signal);
    expect(grants.grant(makeJob({ memoryMb: 100 }))).not.toBeNull();
  });

  test('only the last call of a worker gets jobs', async () => {
    const { grants, end } = open(asking());
    grants.open(asking({ claimId: 'later' }));
    await end();
    expect(grants.grant(makeJob({ memoryMb: 100 }))?.job.claim?.claimId).toBe('later');
  });
});
