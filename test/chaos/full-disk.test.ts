/** The disk of a worker's state folder is full for a while. Needs the right to mount a small file system, and is skipped without it. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { ChaosFleet } from '../support/chaos-fleet.js';
import { eventually } from '../support/eventually.js';

const MOUNT = ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs'];

let fleet: ChaosFleet;
let disk: string;
let filler: string;

beforeEach(async () => {
  fleet = await ChaosFleet.open({ leaseTtlMs: 20_000, workers: [] });
  disk = fleet.bench.path('w1');
  filler = join(disk, 'filler');
  mkdirSync(disk);
  execFileSync('mount', [...MOUNT, disk]);
  await fleet.startWorker('w1');
});
afterEach(async () => {
  await fleet.stop();
  execFileSync('umount', ['--lazy', disk]);
  await fleet.close();
});

(mayMount() ? describe : describe.skip)('a full disk', () => {
  test('delays jobs until there is room, and keeps no exit of those that run from being told', async () => {
    const running = await fleet.run([{ gate: 'go', exitCode: 3 }]);
    fill();
    const late = await fleet.submit({});
    await eventually('a start to fail', async () => (await fleet.client.get(late.id)).attempts.length > 0, 30_000);
    fleet.ledger.open('go');
    const [ended] = await fleet.wait(running);
    expect(ended?.result?.exitCode).toBe(3);
    rmSync(filler);
    expect((await fleet.client.wait(late.id)).status).toBe(JobStatus.SUCCEEDED);
    expect(fleet.ledger.of('start')).toHaveLength(2);
  }, 90_000);

  test('does not keep the next launcher from ending what runs', async () => {
    const running = await fleet.run([{ gate: 'go', stubborn: true }]);
    fill();
    process.kill(fleet.launcher(), 'SIGKILL');
    const [ended] = await fleet.wait(running);
    expect(ended).toMatchObject({ status: JobStatus.FAILED, reason: 'EXIT_UNKNOWN' });
    expect(fleet.ledger.alive()).toEqual([]);
    rmSync(filler);
    const next = await fleet.submit({});
    expect((await fleet.client.wait(next.id)).status).toBe(JobStatus.SUCCEEDED);
  }, 90_000);
});

function fill(): void {
  for (let size = 1 << 20; size > 0; size >>= 1) {
    try {
      for (;;) appendFileSync(filler, Buffer.alloc(size));
    } catch {
      // less fits
    }
  }
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'marid-mount-'));
  try {
    execFileSync('mount', [...MOUNT, folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
