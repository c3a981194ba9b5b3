import { afterEach, describe, expect, test } from '@jest/globals';
import { TOPICS } from '../../core/fleet/topics.js';
import { ClaimOutcome } from '../../proto/gen/marid/v1/worker_service_pb.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
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
  type TestControlPlaneOptions,
} from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';

let plane: TestControlPlane | null = null;

async function open(options: TestControlPlaneOptions = {}): Promise<TestControlPlane> {
  plane = await openControlPlane(options);
  await registerEntries(plane);
  return plane;
}

afterEach(async () => {
  await plane?.stop();
  plane = null;
});

describe('SubmitJob', () => {
  test('makes one job of a hundred submits at once with the same id and content', async () => {
    const { jobs, store } = await open();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => jobs.submitJob({ jobId: 'once', job: anyJob() })),
    );
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(answers.map(({ job }) => job?.createTime?.nanos)).size).toBe(1);
    expect(await store.countActive({})).toBe(1);
  });

  test('refuses an id that is taken by other content and says so', async () => {
    const { jobs } = await open();
    await jobs.submitJob({ jobId: 'taken', job: anyJob() });
    await expect(jobs.submitJob({ jobId: 'taken', job: anyJob({ name: 'other' }) })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining('taken'),
    });
  });

  test('repeats the answer even when nothing would match any more', async () => {
    const { jobs, clusters } = await open();
    const { job } = await jobs.submitJob({ jobId: 'kept', job: anyJob() });
    await clusters.updateCluster({ cluster: { id: 'local', status: 2 }, updateMask: { paths: ['status'] } });
    const again = await jobs.submitJob({ jobId: 'kept', job: anyJob() });
    expect(again.created).toBe(false);
    expect(again.job?.createTime).toEqual(job?.createTime);
    await expect(jobs.submitJob({ job: anyJob() })).rejects.toMatchObject({ code: 'NO_MATCH' });
  });

  test('says what came closest when nothing matches', async () => {
    const { jobs } = await open();
    const job = { ...anyJob(), commandCriterion: { tags: ['type:sleep', 'version:9'] } };
    await expect(jobs.submitJob({ job })).rejects.toMatchObject({
      code: 'NO_MATCH',
      message: expect.stringMatching(/sleep.*version:9/s),
    });
  });

  test('lists every violation at once, the id and the pool among them', async () => {
    const { jobs } = await open();
    const job = { ...anyJob({ pool: 'nowhere' }), user: '' };
    const error: unknown = await jobs.submitJob({ jobId: '../x', job }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('default') });
    const { violations } = error as { violations: { field: string }[] };
    expect(violations.map(({ field }) => field).sort()).toEqual(['job.pool', 'job.user', 'job_id']);
  });

  test('refuses more memory than the largest worker has, naming both', async () => {
    const { jobs, workers } = await open();
    await jobs.submitJob({ job: anyJob({ memoryMb: 500_000 }) }); // no worker is known yet
    await registerWorker({ workers } as TestControlPlane, 'big');
    await expect(jobs.submitJob({ job: anyJob({ memoryMb: 500_000 }) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/job\.memory_mb.*500000.*100000/s),
    });
  });
});

describe('RetryJob', () => {
  test('makes a new job of one that was killed, once for each id, and leaves the old one as it is', async () => {
    const { jobs } = await open();
    await jobs.submitJob({ jobId: 'old', job: anyJob({ memoryMb: 77 }) });
    await expect(jobs.retryJob({ jobId: 'old' })).rejects.toMatchObject({
      code: 'NOT_FAILED',
      message: 'Job old cannot be retried: it is ACCEPTED and has not ended.',
    });
    await jobs.killJob({ jobId: 'old' });
    const before = await jobs.getJob({ jobId: 'old' });
    const answers = await Promise.all([1, 2, 3].map(() => jobs.retryJob({ jobId: 'old', newJobId: 'new' })));
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    const { job } = await jobs.getJob({ jobId: 'new' });
    expect(job).toMatchObject({ parentJobId: 'old', memoryMb: 77, status: JobStatus.ACCEPTED });
    expect(job?.request).toEqual({ ...before.job?.request, name: 'new' });
    expect(await jobs.getJob({ jobId: 'old' })).toEqual(before);
    expect((await jobs.retryJob({ jobId: 'old' })).job?.id).not.toBe('new');
  });

  test('a copy names a parent that exists, and is other content than a job without', async () => {
    const { jobs } = await open();
    await jobs.submitJob({ jobId: 'a', job: anyJob() });
    const copy = { jobId: 'b', job: anyJob(), parentJobId: 'a' };
    expect((await jobs.submitJob(copy)).job?.parentJobId).toBe('a');
    expect((await jobs.submitJob(copy)).created).toBe(false);
    await expect(jobs.submitJob({ ...copy, parentJobId: '' })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(jobs.submitJob({ ...copy, jobId: 'c', parentJobId: 'none' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(jobs.retryJob({ jobId: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('claims', () => {
  test('give each of 200 jobs to exactly one of 8 workers that ask for all', async () => {
    const running = await open();
    const ids = Array.from({ length: 200 }, (_, index) => `job-${String(index)}`);
    await Promise.all(ids.map((jobId) => running.jobs.submitJob({ jobId, job: anyJob() })));
    const workers = Array.from({ length: 8 }, (_, index) => `worker-${String(index)}`);
    await Promise.all(workers.map((id) => registerWorker(running, id)));
    const answers = await Promise.all(
      workers.map((workerId) =>
        running.workers.claim({
          ...{ workerId, session: `${workerId}-1` },
          claims: ids.map((jobId) => ({ jobId, claimId: `${workerId}/${jobId}` })),
        }),
      ),
    );
    const claimed = answers.flatMap(({ results }) => results.filter((each) => each.outcome === ClaimOutcome.CLAIMED));
    expect(claimed.map(({ jobId }) => jobId).sort()).toEqual([...ids].sort());
    expect(claimed.every(({ specification }) => specification?.attempt === 1)).toBe(true);
  });

  test('answer a repeated claim the same, a stale session and a draining worker with REFUSED', async () => {
    const running = await open();
    await running.jobs.submitJob({ jobId: 'a', job: anyJob() });
    await registerWorker(running, 'w');
    const claim = { workerId: 'w', session: 'w-1', claims: [{ jobId: 'a', claimId: 'c' }] };
    const first = await running.workers.claim(claim);
    expect((await running.workers.claim(claim)).results).toEqual(first.results);
    const stale = await running.workers.claim({ ...claim, session: 'w-0' });
    expect(stale.results[0]?.outcome).toBe(ClaimOutcome.REFUSED);
    await running.fleet.drainWorker({ workerId: 'w' });
    expect((await running.workers.claim(claim)).results[0]?.outcome).toBe(ClaimOutcome.REFUSED);
  });

  test('do not give a job to a worker that repeats its claim after a kill', async () => {
    const running = await open();
    await running.jobs.submitJob({ jobId: 'a', job: anyJob() });
    await registerWorker(running, 'w');
    const next = { workerId: 'w', session: 'w-1', memoryMb: 1000, maxJobs: 10, claimId: 'c' };
    const claim = { workerId: 'w', session: 'w-1', claims: [{ jobId: 'a', claimId: 'c' }] };
    expect((await running.workers.claim(claim)).results[0]?.outcome).toBe(ClaimOutcome.CLAIMED);
    await running.jobs.killJob({ jobId: 'a' });
    expect((await running.workers.claim(claim)).results[0]?.outcome).toBe(ClaimOutcome.GONE);
    expect((await running.workers.claimNext(next)).specifications).toEqual([]);

    await running.jobs.submitJob({ jobId: 'b', job: anyJob() });
    const other = { ...next, claimId: 'd' };
    expect((await running.workers.claimNext(other)).specifications.map(({ jobId }) => jobId)).toEqual(['b']);
    await running.jobs.killJob({ jobId: 'b' });
    expect((await running.workers.claimNext(other)).specifications).toEqual([]);
  });

  test('ClaimNext gives the oldest jobs that fit together, once', async () => {
    const running = await open();
    for (const jobId of ['one', 'two', 'three'])
      await running.jobs.submitJob({ jobId, job: anyJob({ memoryMb: 100 }) });
    await registerWorker(running, 'w');
    const ask = { workerId: 'w', session: 'w-1', memoryMb: 250, maxJobs: 10, claimId: 'n1' };
    const first = await running.workers.claimNext(ask);
    expect(first.specifications.map(({ jobId }) => jobId)).toEqual(['one', 'two']);
    expect(await running.workers.claimNext(ask)).toEqual(first);
    const second = await running.workers.claimNext({ ...ask, claimId: 'n2' });
    expect(second.specifications.map(({ jobId }) => jobId)).toEqual(['three']);
  });
});

describe('worker events', () => {
  test('are applied and published without gaps, repetitions dropped', async () => {
    const running = await open();
    const ids = Array.from({ length: 50 }, (_, index) => `j${String(index)}`);
    await Promise.all(ids.map((jobId) => running.jobs.submitJob({ jobId, job: anyJob() })));
    await registerWorker(running, 'w');
    await running.workers.claim({
      ...{ workerId: 'w', session: 'w-1' },
      claims: ids.map((jobId) => ({ jobId, claimId: jobId })),
    });
    const topic = await followTopic(running.log, TOPICS.jobEvents);
    const steps = ['INIT', 'RUNNING', 'RUNNING', 'SUCCEEDED'] as const;
    for (const [index, status] of steps.entries()) {
      await sendEvents(
        running.log,
        ids.map((jobId) => ({ jobId, workerId: 'w', sequence: index < 2 ? index + 1 : index, status })),
      );
    }
    await eventually('all jobs to succeed', async () => (await running.store.countActive({})) === 0);
    await eventually('everything to be published', () => topic.records.length >= ids.length * 7);
    await topic.close();
    for (const jobId of ids) {
      const events = topic.records.filter(({ key }) => key === jobId).map(({ value }) => decodeJobEvent(value));
      expect(events.map((event) => event?.transition.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(events.at(-1)?.transition.to).toBe('SUCCEEDED');
    }
    expect(topic.records[0]?.headers).toMatchObject({ ce_specversion: '1.0', 'content-type': 'application/json' });
    await eventually('the marks', async () => (await storedJob(running, 'j0')).publishedSequence === 7);
  });

  test('of another session, and ones that cannot be read, change nothing and hold nothing up', async () => {
    const running = await open();
    await running.jobs.submitJob({ jobId: 'a', job: anyJob() });
    await registerWorker(running, 'w');
    await running.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId: 'a', claimId: 'c' }] });
    const value = new TextEncoder().encode('not a message');
    const partitions = await running.log.partitions({ topic: TOPICS.workerEvents });
    for (let partition = 0; partition < partitions; partition += 1) {
      await running.log.produce({ records: [{ topic: TOPICS.workerEvents, partition, key: 'a', value, headers: {} }] });
    }
    await sendEvents(running.log, [
      { jobId: 'a', workerId: 'w', sequence: 9, status: 'FAILED', session: 'w-0' },
      { jobId: 'unknown', workerId: 'w', sequence: 1, status: 'FAILED' },
      { jobId: 'a', workerId: 'w', sequence: 1, status: 'RUNNING' },
    ]);
    const job = await eventually('the job to run', async () => {
      const found = await storedJob(running, 'a');
      return found.status === 'RUNNING' && found;
    });
    expect(job.history.map(({ to }) => to)).toEqual(['RESERVED', 'RESOLVED', 'ACCEPTED', 'CLAIMED', 'RUNNING']);
  });
});

describe('KillJob', () => {
  test('ends a job that waits at once, and nobody can claim it', async () => {
    const running = await open();
    await running.jobs.submitJob({ jobId: 'a', job: anyJob() });
    const { job } = await running.jobs.killJob({ jobId: 'a', user: 'bob', reason: 'a mistake' });
    expect(job?.status).toBe(JobStatus.KILLED);
    expect(job?.history.at(-1)).toMatchObject({ actor: 'user:bob' });
    await registerWorker(running, 'w');
    const claim = await running.workers.claim({
      ...{ workerId: 'w', session: 'w-1' },
      claims: [{ jobId: 'a', claimId: 'c' }],
    });
    expect(claim.results[0]?.outcome).toBe(ClaimOutcome.GONE);
    const again = await running.jobs.killJob({ jobId: 'a', user: 'eve' });
    expect(again.job?.history).toHaveLength(4);
  });

  test('of an owned job is recorded and comes with the next sync', async () => {
    const running = await open();
    await running.jobs.submitJob({ jobId: 'a', job: anyJob() });
    await registerWorker(running, 'w');
    await running.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId: 'a', claimId: 'c' }] });
    const { job } = await running.jobs.killJob({ jobId: 'a' });
    expect(job).toMatchObject({ status: JobStatus.CLAIMED, killRequested: true });
    const held = [{ jobId: 'a', attempt: 1 }];
    const told = await running.workers.sync({ workerId: 'w', session: 'w-1', held, memoryFreeMb: 1 });
    expect(told.kills).toMatchObject(held);
    expect(told.lost).toHaveLength(0);
  });

  test('names a job that does not exist', async () => {
    const { jobs } = await open();
    await expect(jobs.killJob({ jobId: 'nope' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('nope'),
    });
  });
});
