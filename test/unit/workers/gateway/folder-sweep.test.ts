import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AttemptReference } from '../../../../core/job/job.js';
import { FolderSweep } from '../../../../workers/gateway/folder-sweep.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { QuietLogger } from '../../../support/quiet-logger.js';

const HOUR_MS = 3_600_000;
const clock = new FakeClock();
let jobsFolder = '';
beforeEach(() => {
  jobsFolder = mkdtempSync(join(tmpdir(), 'marid-sweep-'));
});
afterEach(() => {
  rmSync(jobsFolder, { recursive: true, force: true });
});

/** An attempt's folder whose newest file was written some hours ago. */
function attempt(path: string, hours: number): void {
  const folder = join(jobsFolder, path);
  mkdirSync(join(folder, 'genie'), { recursive: true });
  for (const name of ['stdout', '../1.json']) writeFileSync(join(folder, name), '');
  const at = (clock.now() - hours * HOUR_MS) / 1000;
  for (const name of ['stdout', 'genie', '']) utimesSync(join(folder, name), at, at);
}

describe('FolderSweep', () => {
  test('removes what has not changed for long, but nothing of a job that is held or of an attempt that is to be archived', async () => {
    attempt('old/1', 30);
    attempt('held/1', 30);
    attempt('both/1', 30);
    attempt('both/2', 1);
    attempt('due/1', 30);
    const holds = (jobId: string): boolean => jobId === 'held';
    const archives = (reference: AttemptReference): boolean => reference.jobId === 'due' && reference.attempt === 1;
    const logger = new QuietLogger();
    const sweep = new FolderSweep({ jobsFolder, keepMs: 24 * HOUR_MS, holds, archives, clock, logger });
    expect(await sweep.sweep()).toBe(2);
    const left = ['old', 'held/1', 'both/1', 'both/2', 'due/1'].filter((path) => existsSync(join(jobsFolder, path)));
    expect(left).toEqual(['held/1', 'both/2', 'due/1']);
  });

  test('removes secrets that a process of the worker left, at once', async () => {
    const holds = (jobId: string): boolean => jobId === 'held';
    for (const job of ['new', 'held']) {
      attempt(`${job}/1`, 1);
      mkdirSync(join(jobsFolder, job, '1.secrets'));
      writeFileSync(join(jobsFolder, job, '1.secrets/db'), 'x');
    }
    const sweep = new FolderSweep({
      jobsFolder,
      keepMs: 24 * HOUR_MS,
      holds,
      archives: () => false,
      clock,
      logger: new QuietLogger(),
    });
    expect(await sweep.sweep()).toBe(0);
    const left = ['new/1', 'new/1.secrets', 'held/1.secrets/db'].filter((path) => existsSync(join(jobsFolder, path)));
    expect(left).toEqual(['new/1', 'held/1.secrets/db']);
  });
});
