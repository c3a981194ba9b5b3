/** Two control planes over the same store and log: what one does, the other knows. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../core/errors/marid-error.js';
import { TOPICS } from '../../core/fleet/topics.js';
import { decodeJobEvent } from '../../services/control-plane/events/job-event.js';
import {
  anyJob,
  followTopic,
  openControlPlane,
  registerEntries,
  registerWorker,
  sendEvents,
  storedJob,
  type TestControlPlane,
} from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';

/** Less than the time after which a watch reads the store by itself. */
const SOON_MS = 5000;
/** Enough that both read some of their partitions. */
const JOBS = Array.from({ length: 16 }, (_, index) => `job-${String(index)}`);

let a: TestControlPlane;
let b: TestControlPlane;

beforeEach(async () => {
  a = await openControlPlane();
  b = await openControlPlane({ beside: a });
  await registerEntries(a);
  await registerWorker(a, 'w');
});

afterEach(async () => {
  await b.stop();
  await a.stop();
});

async function submitAndClaim(plane: TestControlPlane, jobId: string): Promise<void> {
  await plane.jobs.submitJob({ jobId, job: anyJob() });
  await plane.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId, claimId: jobId }] });
}

const finish = (jobIds: readonly string[]): Promise<void> =>
  sendEvents(
    a.log,
    jobIds.flatMap((jobId) => [
      { jobId, workerId: 'w', sequence: 1, status: 'RUNNING' },
      { jobId, workerId: 'w', sequence: 2, status: 'SUCCEEDED' },
    ]),
  );

async function sequencesWatched(plane: TestControlPlane, jobId: string): Promise<readonly number[]> {
  const sequences: number[] = [];
  for await (const { transition } of plane.jobs.watchJobs({ jobId })) sequences.push(Number(transition?.sequence));
  return sequences;
}

describe('two control planes', () => {
  test('tell their watches at once what either has committed', async () => {
    for (const jobId of JOBS) await submitAndClaim(a, jobId);
    const watching = [a, b].flatMap((plane) => JOBS.map((jobId) => sequencesWatched(plane, jobId)));
    await new Promise((resolve) => setImmediate(resolve));
    const began = performance.now();
    await finish(JOBS);
    for (const sequences of await Promise.all(watching)) expect(sequences).toEqual([1, 2, 3, 4, 5, 6]);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
  });

  test('publish the transitions of each job in order, once repetitions are dropped', async () => {
    const { records, close } = await followTopic(a.log, TOPICS.jobEvents);
    await Promise.all(JOBS.map((jobId, index) => submitAndClaim(index % 2 === 0 ? a : b, jobId)));
    await Promise.all(JOBS.map((jobId) => b.jobs.killJob({ jobId, reason: 'test' })));
    await finish(JOBS);
    const firsts = (jobId: string): readonly number[] => {
      const told = records.filter(({ key }) => key === jobId).map(({ value }) => decodeJobEvent(value)?.transition);
      return told.map((each) => each?.sequence ?? 0).filter((each, index, all) => all.indexOf(each) === index);
    };
    for (const jobId of JOBS) {
      await eventually(`the end of ${jobId}`, () => firsts(jobId).length === 6);
      expect(firsts(jobId)).toEqual([1, 2, 3, 4, 5, 6]);
    }
    await close();
  });

  test('match with what was registered at the other just before', async () => {
    for (const id of ['x', 'y', 'z']) {
      const entry = { id, name: id, user: 'admin', version: '1', tags: [id] };
      await a.clusters.createCluster({ cluster: entry });
      await a.commands.createCommand({
        command: { ...entry, executable: ['/bin/true'], clusterCriteria: [{ tags: [id] }] },
      });
      const job = { ...anyJob(), clusterCriteria: [{ tags: [id] }], commandCriterion: { id } };
      expect((await b.jobs.submitJob({ jobId: id, job })).created).toBe(true);
    }
  });

  test('lose no attempt whose last event the other has not applied yet', async () => {
    for (const jobId of JOBS) await submitAndClaim(a, jobId);
    const { replace } = b.store;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    b.store.replace = (options) => released.then(() => replace.call(b.store, options));
    await finish(JOBS);
    await registerWorker(a, 'w', 'w-2');
    release();
    for (const jobId of JOBS) {
      await eventually(`the end of ${jobId}`, async () => (await storedJob(a, jobId)).status === 'SUCCEEDED');
    }
  });

  test('refuse the registration of an earlier process that comes late', async () => {
    await registerWorker(a, 'w', 'w-2');
    await expect(registerWorker(b, 'w', 'w-1')).rejects.toMatchObject({ code: 'STALE_SESSION' });
    expect((await b.workers.sync({ workerId: 'w', session: 'w-2' })).sessionCurrent).toBe(true);
  });

  test('lose an attempt that its worker misses, whoever reads its partition', async () => {
    for (const jobId of JOBS) await submitAndClaim(a, jobId);
    await registerWorker(b, 'w', 'w-2');
    for (const jobId of JOBS) {
      await eventually(`the loss of ${jobId}`, async () => (await storedJob(a, jobId)).status === 'ACCEPTED');
    }
  });

  test('answer a repeated claim with what the other gave', async () => {
    await a.jobs.submitJob({ jobId: 'one', job: anyJob() });
    const claim = { workerId: 'w', session: 'w-1', claims: [{ jobId: 'one', claimId: 'c-1' }] };
    const [first, again] = [await a.workers.claim(claim), await b.workers.claim(claim)];
    expect(again.results).toEqual(first.results);
    for (const jobId of JOBS) await a.jobs.submitJob({ jobId, job: anyJob() });
    const next = { workerId: 'w', session: 'w-1', memoryMb: 500, maxJobs: 5, claimId: 'c-2' };
    const given = await a.workers.claimNext(next);
    expect(given.specifications).toHaveLength(5);
    const repeated = await b.workers.claimNext(next);
    const idsOf = ({ specifications }: typeof given): readonly string[] =>
      specifications.map(({ jobId }) => jobId).sort();
    expect(idsOf(repeated)).toEqual(idsOf(given));
  });

  test('both refuse the claims of a worker that drains, soon after one was told', async () => {
    await b.workers.claimNext({ workerId: 'w', session: 'w-1', memoryMb: 1, maxJobs: 1, claimId: 'c' });
    await a.fleet.drainWorker({ workerId: 'w' });
    await eventually('the other to know', async () => {
      const { job } = await a.jobs.submitJob({ job: anyJob() });
      await b.workers.claimNext({ ...WISH, claimId: job?.id ?? '' });
      return (await storedJob(a, job?.id ?? '')).status === 'ACCEPTED';
    });
  });

  test('renew a worker that misses an attempt although the log refuses, and lose the attempt when it is back', async () => {
    await submitAndClaim(a, 'one');
    const { produce } = a.log;
    a.log.produce = () => Promise.reject(new MaridError('UNAVAILABLE', 'the log is away'));
    await registerWorker(a, 'w', 'w-2');
    const sync = { workerId: 'w', session: 'w-2', held: [], memoryFreeMb: 1, stopping: false };
    expect((await b.workers.sync(sync)).sessionCurrent).toBe(true);
    expect((await storedJob(a, 'one')).status).toBe('CLAIMED');
    a.log.produce = produce;
    await b.workers.sync(sync);
    await eventually('the loss', async () => (await storedJob(a, 'one')).status === 'ACCEPTED');
  });
});

const WISH = { workerId: 'w', session: 'w-1', memoryMb: 500, maxJobs: 5 };
