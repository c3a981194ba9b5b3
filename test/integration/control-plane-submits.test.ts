import type { MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { SubmitJobRequestSchema } from '../../proto/gen/marid/v1/job_service_pb.js';
import { errorFromStatus } from '../../proto/rpc/error-details.js';
import {
  anyJob,
  openControlPlane,
  registerEntries,
  type TestControlPlane,
  type TestControlPlaneOptions,
} from '../support/control-plane.js';

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

describe('SubmitJobs', () => {
  type Asked = MessageInitShape<typeof SubmitJobRequestSchema> | null;

  async function submitAll(jobs: TestControlPlane['jobs'], wanted: readonly Asked[]): Promise<readonly string[]> {
    const requests = async function* () {
      for (const submit of wanted) yield submit === null ? {} : { submit };
    };
    const seen: string[] = [];
    for await (const { outcome } of jobs.submitJobs(requests())) {
      if (outcome.case === 'accepted')
        seen.push(`${outcome.value.jobId} ${outcome.value.created ? 'created' : 'known'}`);
      else if (outcome.case === 'refused') seen.push(errorFromStatus(outcome.value).code);
    }
    return seen;
  }

  test('accepts a thousand jobs in order, each durable', async () => {
    const { jobs, store } = await open();
    const ids = Array.from({ length: 1000 }, (_, index) => `many-${String(index)}`);
    const answers = await submitAll(
      jobs,
      ids.map((jobId) => ({ jobId, job: anyJob() })),
    );
    expect(answers).toEqual(ids.map((id) => `${id} created`));
    expect(await store.countActive({})).toBe(1000);
  });

  test('answers each as SubmitJob would: repetitions, other content, nothing that matches, bad fields', async () => {
    const { jobs } = await open();
    const job = anyJob();
    expect(
      await submitAll(jobs, [
        { jobId: 'a', job },
        { jobId: 'a', job },
        { jobId: 'a', job: anyJob({ name: 'other' }) },
        { jobId: 'b', job: { ...job, commandCriterion: { tags: ['type:none'] } } },
        { jobId: '../c', job },
        { jobId: 'd' },
        null,
        { jobId: 'e', job, parentJobId: 'none' },
        { jobId: 'f', job },
      ]),
    ).toEqual([
      ...['a created', 'a known', 'ALREADY_EXISTS', 'NO_MATCH', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'],
      ...['INVALID_ARGUMENT', 'NOT_FOUND', 'f created'],
    ]);
  });

  test('holds each user to the limit', async () => {
    const { jobs } = await open({ config: { maxActiveJobsPerUser: 3 } });
    const answers = await submitAll(
      jobs,
      Array.from({ length: 5 }, () => ({ job: anyJob() })),
    );
    expect(answers.filter((each) => each.endsWith('created'))).toHaveLength(3);
    expect(answers.filter((each) => each === 'RESOURCE_EXHAUSTED')).toHaveLength(2);
  });
});
