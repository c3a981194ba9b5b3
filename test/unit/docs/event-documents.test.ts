/** The documents of the events topic are those of the code, and what is published is as they say. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { TOPICS } from '../../../core/fleet/topics.js';
import type { ExitResult } from '../../../core/job/job.js';
import { JOB_STATUSES, type JobStatus } from '../../../core/job/status.js';
import { eventDocuments, headersSchema } from '../../../infra/docs/event-documents.js';
import { decodeJobEvent, jobEventRecord } from '../../../services/control-plane/events/job-event.js';
import { advanceJob, makeJob } from '../../support/job-fixtures.js';

const PATHS: readonly (readonly JobStatus[])[] = [
  ['CLAIMED', 'INIT', 'RUNNING', 'SUCCEEDED'],
  ['CLAIMED', 'RUNNING', 'ACCEPTED', 'CLAIMED', 'FAILED'],
  ['KILLED'],
];
const MEASURED: ExitResult = {
  ...{ exitCode: 0, signal: null, processId: 4711, stdoutBytes: 6, stderrBytes: 0 },
  ...{ peakMemoryBytes: 3_211_264, cpuTimeMs: 12 },
};
const NEVER_STARTED: ExitResult = {
  ...{ exitCode: null, signal: null, processId: null, stdoutBytes: 0, stderrBytes: 0 },
  ...{ peakMemoryBytes: null, cpuTimeMs: null },
};
const documents = eventDocuments();

describe('the generated documents', () => {
  test.each(documents.map(({ path, text }) => [path, text] as const))('%s is fresh', (path, text) => {
    expect(readFileSync(path, 'utf8')).toBe(text); // else: npm run generate:docs
  });

  test('name the topic, and a type of event for every status', () => {
    const asyncApi = documents.find(({ path }) => path.endsWith('asyncapi.yaml'))?.text ?? '';
    expect(parse(asyncApi)).toMatchObject({
      asyncapi: '3.0.0',
      channels: { jobEvents: { address: TOPICS.jobEvents } },
    });
    for (const status of JOB_STATUSES) expect(asyncApi).toContain(`marid.job.${status.toLowerCase()}.v1`);
  });
});

describe('a published event', () => {
  const schema = decodeJson(documents.find(({ path }) => path.endsWith('.json'))?.text ?? '');
  const payload = z.fromJSONSchema(schema);
  const headers = z.fromJSONSchema(headersSchema());

  test.each(PATHS.flatMap((path) => [MEASURED, NEVER_STARTED, null].map((result) => ({ path, result }))))(
    'of a job that goes $path is as the documents say',
    ({ path, result }) => {
      const place = { topic: TOPICS.jobEvents, partition: 0, source: '/marid/control-plane' };
      const job = { ...path.reduce((before, to) => advanceJob(before, to), makeJob()), result };
      for (const transition of job.history) {
        const record = jobEventRecord(job, transition, place);
        expect(decodeJobEvent(record.value)).not.toBeNull();
        const sent = decodeJson(Buffer.from(record.value).toString());
        expect(payload.parse(sent)).toEqual(sent);
        expect(Object.keys(sent)).toEqual(schema.required);
        expect(headers.parse(record.headers)).toEqual(record.headers);
      }
    },
  );

  test('that lacks something is refused', () => {
    expect(payload.safeParse({ jobId: 'x' }).success).toBe(false);
    expect(headers.safeParse({ ce_specversion: '1.0' }).success).toBe(false);
  });
});

function decodeJson(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}
