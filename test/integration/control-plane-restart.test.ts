import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { jobTopic, TOPICS } from '../../core/fleet/topics.js';
import { FilesystemBlobStore } from '../../infra/blobs/filesystem/filesystem-blob-store.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { connectRpc } from '../../infra/rpc/index.js';
import { decodeOffer } from '../../proto/codec/index.js';
import { FleetService } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { controlPlaneConfigSchema } from '../../services/control-plane/config.js';
import { decodeJobEvent } from '../../services/control-plane/events/job-event.js';
import { startControlPlane } from '../../services/control-plane/main.js';
import {
  anyJob,
  followTopic,
  openControlPlane,
  registerEntries,
  registerWorker,
  sendEvents,
  storedJob,
} from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';
import { makeJob, makeRequest } from '../support/job-fixtures.js';
import { QuietLogger } from '../support/quiet-logger.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'marid-control-plane-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a control plane that comes back on its file', () => {
  test('publishes what was committed and not published, and offers what was not offered', async () => {
    const path = join(folder, 'marid.db');
    const first = await openControlPlane({ path });
    const createdAt = Date.now() - 60_000; // as if a process had died between the insert and the rest
    const job = makeJob({ id: 'stranded', createdAt, request: makeRequest({ pool: 'default' }) });
    await first.store.insert({ job });
    await first.crash();

    const second = await openControlPlane({ path });
    await registerWorker(second, 'w');
    const events = await followTopic(second.log, TOPICS.jobEvents);
    const offers = await followTopic(second.log, jobTopic('default'));
    await eventually('its events', () => events.records.length >= 3);
    const sequences = events.records.map(({ value }) => decodeJobEvent(value)?.transition.sequence);
    expect(sequences.slice(0, 3)).toEqual([1, 2, 3]);
    await eventually('its offer', () => offers.records.some(({ value }) => decodeOffer(value)?.jobId === 'stranded'));
    const waiting = await storedJob(second, 'stranded');
    expect(waiting.offers).toBe(1);
    expect(waiting.nextOfferAt).toBeGreaterThan(Date.now());
    await Promise.all([events.close(), offers.close()]);
    await second.stop();
  });

  test('applies events that came while it was away, and drops those that it has applied before', async () => {
    const path = join(folder, 'marid.db');
    const blobs = await FilesystemBlobStore.connect({ folder: join(folder, 'blobs') });
    const first = await openControlPlane({ path, blobs });
    await registerEntries(first);
    await registerWorker(first, 'w');
    await first.jobs.submitJob({ jobId: 'a', job: anyJob() });
    await first.workers.claim({ workerId: 'w', session: 'w-1', claims: [{ jobId: 'a', claimId: 'c' }] });
    const running = { jobId: 'a', workerId: 'w', sequence: 1, status: 'RUNNING' } as const;
    await sendEvents(first.log, [running]);
    await eventually('the job to run', async () => (await storedJob(first, 'a')).status === 'RUNNING');
    await first.crash(); // offsets may not be committed

    const second = await openControlPlane({ path, blobs });
    await sendEvents(second.log, [running, { ...running, sequence: 2, status: 'SUCCEEDED' }]);
    const job = await eventually('the job to end', async () => {
      const found = await storedJob(second, 'a');
      return found.status === 'SUCCEEDED' && found;
    });
    expect(job.history.map(({ to }) => to).slice(3)).toEqual(['CLAIMED', 'RUNNING', 'SUCCEEDED']);
    const { tasks, leader } = await eventually('the leader', async () => {
      const answer = await second.fleet.listLeaderTasks({});
      const ran = answer.tasks.filter(({ lastRunTime }) => lastRunTime !== undefined);
      const wanted = ['publish-events', 're-offer', 'reserve', 'retention', 'heartbeat-ticks', 'lease-expiry'];
      return wanted.every((name) => ran.some((task) => task.name === name)) && { leader: answer.leader, tasks: ran };
    });
    expect(leader).not.toBe('');
    expect(tasks.filter(({ lastRunSucceeded }) => !lastRunSucceeded)).toEqual([]);
    await second.stop();
  });
});

describe('startControlPlane', () => {
  const runtime = { clock: new SystemClock(), random: new SystemRandom(), logger: new QuietLogger() };

  test('serves over gRPC, refuses a second process on its file, and stops twice', async () => {
    const config = controlPlaneConfigSchema.parse({ listen: '127.0.0.1:0', dataFolder: folder });
    const running = await startControlPlane({ config, runtime });
    const channel = connectRpc({ address: running.address });
    const info = await channel.client(FleetService).getServerInfo({});
    expect(info.engines).toMatchObject({ store: 'sqlite' });
    expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
    await expect(startControlPlane({ config, runtime })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await channel.close();
    await Promise.all([running.stop(), running.stop()]);
    const again = await startControlPlane({ config, runtime });
    await again.stop();
  });

  test('leaves nothing open when its address is taken', async () => {
    const config = controlPlaneConfigSchema.parse({ listen: '127.0.0.1:0', dataFolder: folder });
    const running = await startControlPlane({ config, runtime });
    const other = { ...config, listen: running.address, dataFolder: join(folder, 'other') };
    await expect(startControlPlane({ config: other, runtime })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await running.stop();
    const free = await startControlPlane({ config: { ...other, listen: '127.0.0.1:0' }, runtime });
    await free.stop();
  });
});
