/** What a control plane makes of archives: their status, the sweep of those that nobody tells of, and reading them when the worker is gone. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { manifestsKey, packKey } from '../../core/archive/keys.js';
import { MaridError } from '../../core/errors/marid-error.js';
import { FilesystemBlobStore } from '../../infra/blobs/filesystem/filesystem-blob-store.js';
import { FakeClock } from '../support/fake-clock.js';
import { ArchiveRetentionTask } from '../../services/control-plane/archive/archive-retention-task.js';
import { createInProcessClient } from '../support/in-process-client.js';
import { encodeArchiveNews } from '../../proto/codec/index.js';
import { partitionOf } from '../../core/dispatch/partition-of.js';
import { TOPICS } from '../../core/fleet/topics.js';
import type { ArchivePlace, ArchiveStatus } from '../../core/archive/archive-status.js';
import { WorkerNodeService } from '../../proto/gen/marid/v1/worker_node_service_pb.js';
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
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const HOUR_MS = 3_600_000;
const TEXT = '0123456789';

let folder: TemporaryFolder;
let blobs: FilesystemBlobStore;
let plane: TestControlPlane;
/** What the worker says to whoever asks for files; `null`: it has them. */
let refusal: MaridError | null;

const node = createInProcessClient(WorkerNodeService, {
  listNodeFiles: async () => {
    if (refusal !== null) throw refusal;
    return { files: [{ path: 'from-worker' }] };
  },
  async *readNodeFile() {
    if (refusal !== null) throw refusal;
    yield { data: Buffer.from('from worker') };
  },
  killAttempt: async () => ({ held: false }),
  probe: async () => ({}),
});

beforeEach(async () => {
  folder = makeTemporaryFolder();
  blobs = await FilesystemBlobStore.connect({ folder: folder.path });
  refusal = null;
  const leaderTasks = { 'archive-status': { enabled: false }, 'archive-retention': { enabled: false } };
  const config = { leaderTasks, archiveUnknownAfterMs: HOUR_MS };
  plane = await openControlPlane({ config, blobs, dial: () => ({ client: node, close: () => undefined }) });
  await registerEntries(plane);
  await registerWorker(plane, 'w1');
});

afterEach(async () => {
  await plane.stop();
  await blobs.close();
  folder.remove();
});

/** A job that worker w1 has ended, with its archive pending. */
async function endJob(id: string): Promise<void> {
  await plane.jobs.submitJob({ jobId: id, job: anyJob() });
  const claims = [{ jobId: id, claimId: id }];
  await plane.workers.claim({ workerId: 'w1', session: 'w1-1', claims });
  const event = { jobId: id, workerId: 'w1', sequence: 1, status: 'SUCCEEDED', archive: 'PENDING' } as const;
  await sendEvents(plane.log, [event]);
  await eventually('the end', async () => (await storedJob(plane, id)).endedAt !== null);
}

async function tell(jobId: string, archive: ArchiveStatus, place?: ArchivePlace): Promise<void> {
  const partitions = await plane.log.partitions({ topic: TOPICS.workerEvents });
  const event = { jobId, attempt: 1, archive, message: 'news', ...(place && { place }) };
  const value = encodeArchiveNews({ workerId: 'w1', archives: [event] });
  const at = { topic: TOPICS.workerEvents, partition: partitionOf(jobId, partitions), key: jobId };
  await plane.log.produce({ records: [{ ...at, value, headers: {} }] });
  await eventually(archive, async () => (await storedJob(plane, jobId)).attempts[0]?.archive?.status === archive);
}

async function put(key: string, text: string): Promise<void> {
  await blobs.put({
    key,
    body: (async function* () {
      yield Buffer.from(text);
    })(),
  });
}

/** As a worker would, of some jobs together; where the archive of the first lies. */
async function writeArchives(run: string, jobs: readonly string[]): Promise<ArchivePlace> {
  await put(packKey(run, 1), `before${TEXT}`);
  const file = { path: 'stdout', sizeBytes: TEXT.length, modifiedAt: 1000, sha256: '', pack: 1, offset: 6 };
  const header = `${JSON.stringify({ version: 1, workerId: 'w1', archivedAt: 1, jobs })}\n`;
  const manifests = jobs.map((jobId) =>
    JSON.stringify({ jobId, attempt: 1, files: [file], skipped: [], skippedCount: 0 }),
  );
  await put(manifestsKey(run), header + manifests.join('\n'));
  return { run, offset: header.length, length: manifests[0]?.length ?? 0 };
}

async function read(
  jobId: string,
  range: { readonly offset?: bigint; readonly limit?: bigint; readonly follow?: boolean } = {},
) {
  let text = '';
  for await (const { data } of plane.jobs.readJobFile({ jobId, path: 'stdout', ...range }))
    text += Buffer.from(data).toString();
  return text;
}

describe('the archive of a job', () => {
  test('is told after its end, which changes neither status nor history', async () => {
    await endJob('j1');
    const before = await storedJob(plane, 'j1');
    await tell('j1', 'ARCHIVED');
    const after = await storedJob(plane, 'j1');
    expect(after).toMatchObject({ status: 'SUCCEEDED', history: before.history, endedAt: before.endedAt });
    const { job } = await plane.jobs.getJob({ jobId: 'j1' });
    expect(job).toMatchObject({ archiveStatus: 2, attempts: [{ archiveStatus: 2, archiveMessage: 'news' }] });
  });

  test('is read when the worker has the files no more, and when it is gone', async () => {
    await endJob('j1');
    await tell('j1', 'ARCHIVED', await writeArchives('r', ['j1']));
    expect(await read('j1')).toBe('from worker');
    for (const code of ['NOT_FOUND', 'UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const) {
      refusal = new MaridError(code, 'no');
      expect(await read('j1')).toBe(TEXT);
    }
    expect(await read('j1', { offset: 2n, limit: 3n })).toBe('234');
    expect(await read('j1', { offset: -2n })).toBe('89');
    expect(await read('j1', { follow: true })).toBe(TEXT);
    const { files } = await plane.jobs.listJobFiles({ jobId: 'j1' });
    expect(files).toMatchObject([{ path: 'stdout', sizeBytes: 10n }]);
  });

  test('is not read before it is told', async () => {
    await endJob('j1');
    await writeArchives('r', ['j1']);
    refusal = new MaridError('UNAVAILABLE', 'gone');
    await expect(read('j1')).rejects.toMatchObject({ code: 'WORKER_UNREACHABLE' });
    refusal = new MaridError('NOT_FOUND', 'swept');
    await expect(plane.jobs.listJobFiles({ jobId: 'j1' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('says that it is lost when a part of it is missing', async () => {
    await endJob('j1');
    const place = await writeArchives('r', ['j1']);
    await tell('j1', 'ARCHIVED', { ...place, offset: place.offset + 1 });
    refusal = new MaridError('UNAVAILABLE', 'gone');
    await expect(read('j1')).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });

  test('counts as unknown when nothing was told for long, by the leader', async () => {
    await endJob('old');
    await endJob('new');
    const job = await storedJob(plane, 'old');
    const archive = { status: 'PENDING', at: Date.now() - 2 * HOUR_MS, message: '' } as const;
    const attempts = job.attempts.map((attempt) => ({ ...attempt, archive }));
    await plane.store.replace({ job: { ...job, revision: job.revision + 1, attempts } });
    await runTask('archive-status');
    await eventually('UNKNOWN', async () => (await storedJob(plane, 'old')).attempts[0]?.archive?.status === 'UNKNOWN');
    expect((await storedJob(plane, 'new')).attempts[0]?.archive?.status).toBe('PENDING');
    await tell('old', 'ARCHIVED');
  });
});

describe('archives of jobs that are not kept', () => {
  const task = (hours: number): ArchiveRetentionTask => {
    const clock = new FakeClock(Date.now() + hours * HOUR_MS);
    return new ArchiveRetentionTask({ store: plane.store, blobs: async () => blobs, clock });
  };
  const { signal } = new AbortController();
  const keys = async (): Promise<readonly string[]> =>
    (await blobs.list({ prefix: '', after: null, limit: 10 })).map(({ key }) => key);

  test('are removed by the leader, and no others', async () => {
    await endJob('kept');
    await writeArchives('a', ['gone', 'kept']);
    await writeArchives('b', ['gone', 'gone-too']);
    await put('attachments/gone', 'x');
    expect(await task(0).run(signal)).toBe('0 blobs of archives removed');
    const sweep = task(2);
    expect(await sweep.run(signal)).toBe('2 blobs of archives removed');
    expect(await keys()).toEqual(['archive/a/1', 'archive/a/manifests', 'attachments/gone']);
    const job = await storedJob(plane, 'kept');
    await plane.store.purge({ endedBefore: (job.endedAt ?? 0) + 1, limit: 10 });
    expect(await sweep.run(signal)).toBe('2 blobs of archives removed');
  });

  test('and what a worker left unfinished, after two days', async () => {
    await put(packKey('cut', 1), 'x');
    await put(packKey('cut', 2), 'x');
    expect(await task(47).run(signal)).toBe('0 blobs of archives removed');
    expect(await task(49).run(signal)).toBe('2 blobs of archives removed');
    expect(await keys()).toEqual([]);
  });
});

async function runTask(name: string): Promise<void> {
  await eventually('the leader to take the task', async () => {
    await plane.fleet.runLeaderTask({ name });
    return true;
  });
}
