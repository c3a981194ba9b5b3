/** What a control plane makes of uploads, and which attachments it keeps. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FilesystemBlobStore } from '../../infra/blobs/filesystem/filesystem-blob-store.js';
import { AttachmentFetcher } from '../../infra/fetch/attachment/attachment-fetcher.js';
import { AttachmentRetentionTask } from '../../services/control-plane/attachments/attachment-retention-task.js';
import { partKey } from '../../core/attachments/keys.js';
import { partsOf, sha256Of, type Deviation } from '../support/attachments.js';
import { anyJob, openControlPlane, registerEntries, type TestControlPlane } from '../support/control-plane.js';
import { FakeClock } from '../support/fake-clock.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;

let folder: TemporaryFolder;
let blobs: FilesystemBlobStore;
let plane: TestControlPlane;

beforeEach(async () => {
  folder = makeTemporaryFolder();
  blobs = await FilesystemBlobStore.connect({ folder: folder.path });
  const config = {
    maxAttachmentMb: 12,
    maxJobAttachmentsMb: 13,
    leaderTasks: { 'attachment-retention': { enabled: false } },
  };
  plane = await openControlPlane({ config, blobs });
  await registerEntries(plane);
});

afterEach(async () => {
  await plane.stop();
  await blobs.close();
  folder.remove();
});

const upload = (content: Buffer, deviation: Deviation = {}) =>
  plane.attachments.uploadAttachment(partsOf(content, deviation));

async function look(content: Buffer): Promise<readonly [number, boolean]> {
  const { storedBytes, complete } = await plane.attachments.getAttachment({ sha256: sha256Of(content) });
  return [Number(storedBytes), complete];
}

/** As a worker does. */
async function fetched(content: Buffer, offset = 0): Promise<Buffer> {
  const sha256 = sha256Of(content);
  const { signal } = new AbortController();
  const resume = offset === 0 ? null : { version: sha256, offset };
  const fetcher = new AttachmentFetcher(async () => blobs);
  const file = await fetcher.open({ uri: `marid-attachment:${sha256}`, held: null, resume, signal });
  const pieces: Uint8Array[] = [];
  for await (const bytes of file?.body ?? []) pieces.push(bytes);
  return Buffer.concat(pieces);
}

const submit = (jobId: string, ...contents: readonly Buffer[]) => {
  const attachments = contents.map((content, index) => ({
    ...{ name: `f${String(index)}`, sha256: sha256Of(content), sizeBytes: BigInt(content.length) },
  }));
  return plane.jobs.submitJob({ jobId, job: { ...anyJob(), attachments } });
};

describe('an upload', () => {
  test.each([0, 1, 4 * MIB, 9 * MIB + 5])('of %i bytes comes back as it was', async (size) => {
    const content = randomBytes(size);
    expect(await look(content)).toEqual([0, false]);
    expect((await upload(content)).sizeBytes).toBe(BigInt(size));
    expect(await look(content)).toEqual([size, true]);
    expect((await fetched(content)).equals(content)).toBe(true);
    expect((await upload(content)).sizeBytes).toBe(BigInt(size));
  });

  test('that was cut off goes on behind its last whole part, and is no attachment before', async () => {
    const content = randomBytes(11 * MIB);
    await expect(upload(content, { cutAfter: 9 * MIB })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await look(content)).toEqual([8 * MIB, false]);
    await expect(submit('early', content)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await upload(content, { offset: 8 * MIB });
    expect((await fetched(content)).equals(content)).toBe(true);
    expect((await fetched(content, 5 * MIB)).equals(content.subarray(5 * MIB))).toBe(true);
  });

  test('twice at once is one attachment', async () => {
    const content = randomBytes(9 * MIB);
    await Promise.all([upload(content), upload(content)]);
    expect((await fetched(content)).equals(content)).toBe(true);
  });

  test('of other content than its hash says leaves nothing, and does not stand in the way of the true one', async () => {
    const content = randomBytes(5 * MIB);
    const false_ = { sha256: sha256Of(content) };
    await expect(upload(randomBytes(5 * MIB), false_)).rejects.toMatchObject({
      violations: [{ field: 'head.sha256' }],
    });
    expect(await look(content)).toEqual([0, false]);
    await expect(upload(randomBytes(5 * MIB), { ...false_, cutAfter: 4.5 * MIB })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await expect(upload(content)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    await upload(content);
    expect((await fetched(content)).equals(content)).toBe(true);
  });

  test('is refused when it is too large, has another size, or begins behind what is there', async () => {
    const content = randomBytes(MIB);
    const refused = { code: 'INVALID_ARGUMENT', violations: [{ field: 'head.size_bytes' }] };
    await expect(upload(content, { sizeBytes: 12 * MIB + 1 })).rejects.toMatchObject(refused);
    await expect(upload(content, { sizeBytes: MIB - 1 })).rejects.toMatchObject(refused);
    await expect(upload(content, { sizeBytes: MIB + 1 })).rejects.toMatchObject(refused);
    await expect(upload(content, { offset: MIB / 2 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(upload(content, { sha256: '../../x' })).rejects.toMatchObject({ violations: [{ field: 'sha256' }] });
    await expect(plane.attachments.getAttachment({ sha256: 'x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('that has lost a part in the store is not complete any more', async () => {
    const content = randomBytes(5 * MIB);
    await upload(content);
    await blobs.delete({ key: partKey(sha256Of(content), 1) });
    await expect(fetched(content)).rejects.toMatchObject({ name: 'FetchError', infrastructure: true });
    expect(await look(content)).toEqual([4 * MIB, false]);
    await upload(content, { offset: 4 * MIB });
    expect(await look(content)).toEqual([5 * MIB, true]);
  });
});

describe('a job with attachments', () => {
  test('is refused when one was never uploaded, with field and remedy', async () => {
    const known = randomBytes(10);
    await upload(known);
    await expect(submit('j', known, randomBytes(11))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations: [{ field: 'job.attachments[1].sha256', description: expect.stringContaining('UploadAttachment') }],
    });
  });

  test('is refused when they are too large together, or have another size', async () => {
    const contents = [randomBytes(7 * MIB), randomBytes(7 * MIB)];
    for (const content of contents) await upload(content);
    await expect(submit('j', ...contents)).rejects.toMatchObject({ violations: [{ field: 'job.attachments' }] });
    const attachments = [{ name: 'a', sha256: sha256Of(contents[0] ?? Buffer.alloc(0)), sizeBytes: 1n }];
    await expect(plane.jobs.submitJob({ job: { ...anyJob(), attachments } })).rejects.toMatchObject({
      violations: [{ field: 'job.attachments[0].size_bytes' }],
    });
  });

  test('tells them, and a repeated submit is the same job', async () => {
    const content = randomBytes(10);
    await upload(content);
    const { job } = await submit('j', content);
    expect(job?.request?.attachments).toMatchObject([{ name: 'f0', sha256: sha256Of(content), sizeBytes: 10n }]);
    expect((await submit('j', content)).created).toBe(false);
  });

  test('keeps them; the others go after a day', async () => {
    const [used, unused, cut] = [randomBytes(10), randomBytes(11), randomBytes(5 * MIB)];
    await upload(used);
    await upload(unused);
    await expect(upload(cut, { cutAfter: 4 * MIB })).rejects.toMatchObject({ code: 'CANCELLED' });
    await submit('j', used);
    await blobs.put({
      key: 'archive/run/1',
      body: (async function* () {
        yield Buffer.from('x');
      })(),
    });
    const after = (ms: number) =>
      new AttachmentRetentionTask({
        ...{ store: plane.store, blobs: async () => blobs, attachmentRetentionMs: DAY_MS },
        clock: new FakeClock(Date.now() + ms),
      }).run(new AbortController().signal);
    expect(await after(0)).toBe('0 attachments removed');
    expect(await after(2 * DAY_MS)).toBe('2 attachments removed');
    expect(await look(used)).toEqual([10, true]);
    expect([await look(unused), await look(cut)]).toEqual([
      [0, false],
      [0, false],
    ]);
    expect(await blobs.head({ key: 'archive/run/1' })).not.toBeNull();
  });
});
