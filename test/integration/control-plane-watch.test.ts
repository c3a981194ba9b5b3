import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { WatchJobsResponse } from '../../proto/gen/marid/v1/job_service_pb.js';
import {
  anyJob,
  openControlPlane,
  registerEntries,
  registerWorker,
  sendEvents,
  storedJob,
  type TestControlPlane,
} from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';

let plane: TestControlPlane;

beforeEach(async () => {
  plane = await openControlPlane();
  await registerEntries(plane);
  await registerWorker(plane, 'w');
});

afterEach(async () => {
  await plane.stop();
});

async function submitAndClaim(jobId: string): Promise<void> {
  await plane.jobs.submitJob({ jobId, job: anyJob() });
  await plane.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId, claimId: jobId }] });
}

async function finish(jobId: string): Promise<void> {
  await sendEvents(plane.log, [
    { jobId, workerId: 'w', sequence: 1, status: 'RUNNING' },
    { jobId, workerId: 'w', sequence: 2, status: 'SUCCEEDED' },
  ]);
}

async function take(responses: AsyncIterable<WatchJobsResponse>, count: number): Promise<WatchJobsResponse[]> {
  const taken: WatchJobsResponse[] = [];
  for await (const response of responses) {
    taken.push(response);
    if (taken.length === count) break;
  }
  return taken;
}

const sequencesOf = (responses: readonly WatchJobsResponse[]): readonly number[] =>
  responses.map(({ transition }) => Number(transition?.sequence));

describe('WatchJobs of one job', () => {
  test('tells everything from the first transition and ends after the last', async () => {
    await submitAndClaim('a');
    const watching = take(plane.jobs.watchJobs({ jobId: 'a' }), Infinity);
    await finish('a');
    expect(sequencesOf(await watching)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('goes on behind a resume token, without gap or repetition', async () => {
    await submitAndClaim('a');
    const before = await take(plane.jobs.watchJobs({ jobId: 'a' }), 2);
    await finish('a');
    const resumeToken = before[1]?.resumeToken ?? '';
    expect(sequencesOf(await take(plane.jobs.watchJobs({ jobId: 'a', resumeToken }), Infinity))).toEqual([3, 4, 5, 6]);
  });

  test('names a job that does not exist and refuses the token of another watch', async () => {
    await expect(take(plane.jobs.watchJobs({ jobId: 'no' }), 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await submitAndClaim('a');
    const [first] = await take(plane.jobs.watchJobs({ jobId: 'a' }), 1);
    const all = plane.jobs.watchJobs({ resumeToken: first?.resumeToken ?? '' });
    await expect(take(all, 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('ends when the caller goes', async () => {
    await submitAndClaim('a');
    const caller = new AbortController();
    const watching = take(plane.jobs.watchJobs({ jobId: 'a' }, { signal: caller.signal }), Infinity);
    caller.abort();
    await expect(watching).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('WatchJobs of all jobs', () => {
  test('tells what is committed from now on, and resumes without gap or repetition', async () => {
    await submitAndClaim('old');
    await eventually('its publication', async () => (await storedJob(plane, 'old')).publishedSequence === 4);
    const stream = plane.jobs.watchJobs({})[Symbol.asyncIterator]();
    const first = stream.next();
    await eventually('the subscription', async () => {
      await submitAndClaim(`probe-${String(Math.random()).slice(2)}`);
      return Promise.race([first.then(() => true), new Promise((resolve) => setTimeout(resolve, 50, false))]);
    });
    const { value } = (await first) as { value: WatchJobsResponse };
    expect(value.jobId).toMatch(/^probe-/);
    await stream.return?.();
    await submitAndClaim('a');
    await finish('a');
    const rest: WatchJobsResponse[] = [value];
    for await (const response of plane.jobs.watchJobs({ resumeToken: value.resumeToken })) {
      rest.push(response);
      if (response.jobId === 'a' && response.transition?.sequence === 6n) break;
    }
    const ofA = rest.filter(({ jobId }) => jobId === 'a');
    expect(sequencesOf(ofA)).toEqual([1, 2, 3, 4, 5, 6]);
    const ofProbe = rest.filter(({ jobId }) => jobId === value.jobId);
    const firstSequence = Number(value.transition?.sequence);
    expect(sequencesOf(ofProbe)).toEqual(ofProbe.map((_, index) => firstSequence + index));
  });
});
