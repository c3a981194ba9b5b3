import { describe, expect, test } from '@jest/globals';
import { ARCHIVE_STATUSES, mayBecome, type ArchiveEvent } from '../../../../core/archive/archive-status.js';
import {
  applyArchiveEvent,
  archivePendingSince,
  archiveStatusOf,
  giveUpArchives,
} from '../../../../core/job/archive.js';
import type { Job } from '../../../../core/job/job.js';
import { after, claimed, eventOf, EXIT, running, T0 } from './fixture.js';

const NOW = T0 + 5_000;

/** A job that has ended at `NOW`, its archive pending. */
function ended(): Job {
  const job = running();
  return after(job, eventOf(job, 'SUCCEEDED', { result: EXIT, archive: 'PENDING' }), NOW);
}

const PLACE = { run: 'r', offset: 3, length: 4 };

type Told = ArchiveEvent & { readonly workerId: string };

function told(job: Job, archive: Told['archive'], changes: Partial<Told> = {}): Told {
  const place = archive === 'ARCHIVED' ? { place: PLACE } : {};
  return { jobId: job.id, attempt: 1, workerId: 'w1', archive, message: 'm', ...place, ...changes };
}

describe('the archive of an attempt', () => {
  test('is told after the job has ended, which changes nothing else', () => {
    const job = ended();
    expect(job.attempts[0]?.archive).toEqual({ status: 'PENDING', at: NOW, message: '' });
    const result = applyArchiveEvent(job, told(job, 'ARCHIVED'), NOW + 10);
    if (result.kind !== 'applied') throw new Error(result.why);
    const attempt = { ...job.attempts[0], archive: { status: 'ARCHIVED', at: NOW + 10, message: 'm', place: PLACE } };
    expect(result.job).toEqual({ ...job, attempts: [attempt], revision: job.revision + 1, updatedAt: NOW + 10 });
    expect(applyArchiveEvent(result.job, told(job, 'ARCHIVED'), NOW + 20).kind).toBe('stale');
  });

  test('is not told by another worker, nor of an attempt that there is not', () => {
    const job = ended();
    expect(applyArchiveEvent(job, told(job, 'ARCHIVED', { workerId: 'w2' }), NOW).kind).toBe('stale');
    expect(applyArchiveEvent(job, told(job, 'ARCHIVED', { attempt: 2 }), NOW).kind).toBe('stale');
  });

  test('is told of an attempt that is not the last one', () => {
    const job = running({ maxAttempts: 2 });
    const failed = after(job, eventOf(job, 'FAILED', { result: EXIT, archive: 'PENDING' }), NOW);
    const again = claimed(failed, failed.nextOfferAt ?? 0);
    const result = applyArchiveEvent(again, told(job, 'ARCHIVED'), NOW);
    expect(result).toMatchObject({
      kind: 'applied',
      job: { status: 'CLAIMED', attempts: [{ archive: { status: 'ARCHIVED' } }, {}] },
    });
  });

  test('stays archived when the end is repeated by the next process of the worker', () => {
    const job = running();
    const first = applyArchiveEvent(job, told(job, 'ARCHIVED'), NOW);
    if (first.kind !== 'applied') throw new Error(first.why);
    const last = after(first.job, eventOf(job, 'SUCCEEDED', { archive: 'PENDING' }), NOW + 1);
    expect(last).toMatchObject({ status: 'SUCCEEDED', attempts: [{ archive: { status: 'ARCHIVED' } }] });
  });

  test('is given up when it was pending for too long, and may still come', () => {
    const job = ended();
    expect(archivePendingSince(job)).toBe(NOW);
    expect(giveUpArchives(job, { pendingBefore: NOW, now: NOW + 9 })).toBeNull();
    const given = giveUpArchives(job, { pendingBefore: NOW + 1, now: NOW + 9 });
    expect(given).toMatchObject({
      revision: job.revision + 1,
      attempts: [{ archive: { status: 'UNKNOWN', at: NOW + 9 } }],
    });
    if (given === null) throw new Error('not given up');
    expect(archivePendingSince(given)).toBeNull();
    expect(applyArchiveEvent(given, told(job, 'PENDING'), NOW).kind).toBe('stale');
    expect(applyArchiveEvent(given, told(job, 'ARCHIVED'), NOW).kind).toBe('applied');
  });

  test('is unknown in jobs of before, and nothing before the end', () => {
    const job = running();
    const old = after(job, eventOf(job, 'SUCCEEDED'), NOW);
    expect([job, old].map(({ attempts: [first] }) => first && archiveStatusOf(first))).toEqual([null, 'UNKNOWN']);
  });

  test.each(ARCHIVE_STATUSES)('is final once it is archived: %s cannot follow', (status) => {
    expect(mayBecome('ARCHIVED', status)).toBe(false);
  });
});
