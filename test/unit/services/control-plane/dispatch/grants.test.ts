/** Claims that are made with the insert of their job. */
import { describe, expect, test } from '@jest/globals';
import type { Job } from '../../../../../core/job/job.js';
import { Grants, type AskingWorker } from '../../../../../services/control-plane/dispatch/grants.js';
import { FakeClock, turn } from '../../../../support/fake-clock.js';
import { makeJob, makeWorker } from '../../../../support/job-fixtures.js';
import { SeededRandom } from '../../../../support/seeded-random.js';

const asking = (more: Partial<AskingWorker> = {}): AskingWorker => ({
  ...{ workerId: 'w', session: 's', memoryMb: 1000, maxJobs: 10, claimId: 'c', waitMs: 1000 },
  ...{ reservedFor: '', inProcess: false },
  ...more,
});

function open(worker: AskingWorker) {
  const record = makeWorker({ id: worker.workerId, session: worker.session, pool: 'default' });
  const known = { record, seenAt: 0, memoryFreeMb: 0, runningJobs: 0, partitions: [] };
  const grants = new Grants({
    directory: { get: () => known },
    idleWorkers: { wait: async () => false },
    ...{ clock: new FakeClock(), random: new SeededRandom() },
  });
  const call = grants.open(worker);
  let answer: readonly string[] | null = null;
  const end = async (): Promise<void> => {
    answer = (await grants.end(call)).map(({ id }: Job) => id);
  };
  return { grants, end, answer: () => answer };
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
    const { grants, end, answer } = open(asking({ inProcess: true }));
    grants.grant(makeJob({ id: 'a', memoryMb: 100 }))?.visible();
    void end();
    await turn();
    expect(answer()).toEqual(['a']);
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
});
