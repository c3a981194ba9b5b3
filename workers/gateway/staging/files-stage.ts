/** Places configurations, dependencies and setup files. */
import { join } from 'node:path';
import type { Clock } from '../../../core/ports/clock.js';
import { isFetchError, shownUri } from '../../../core/ports/fetcher.js';
import type { DependencyCache, Placement } from '../cache/dependency-cache.js';
import type { PlannedFile } from './file-plan.js';
import { StagingFailure, stagingFailureOf, type Stage } from './staging.js';

/** Files of one job that are waited for at the same time. */
const AT_ONCE = 8;

/** How long the files of one job may take. */
export interface TimeLimit {
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The stage that places files. What is in the cache, and fresh, costs one link each and no wait. */
export function filesStage(cache: DependencyCache, limit: TimeLimit): Stage {
  return {
    name: 'files',
    async run({ attempt, plan, signal }) {
      attempt.uris = plan.files.map(({ uri }) => uri);
      const waiting = plan.files
        .map((file) => placementOf(attempt.directory, file))
        .filter((placement) => !placeNow(cache, placement));
      if (waiting.length > 0) await placeAll(cache, waiting, { signal, limit });
    },
  };
}

function placementOf(directory: string, { uri, target, writable }: PlannedFile): Placement {
  return { uri, target: join(directory, target), writable };
}

function placeNow(cache: DependencyCache, placement: Placement): boolean {
  try {
    return cache.placeNow(placement);
  } catch (error) {
    throw failureOf(placement.uri, error);
  }
}

/** The first failure ends the others, and so does the time limit. */
async function placeAll(
  cache: DependencyCache,
  placements: readonly Placement[],
  { signal, limit: { clock, timeoutMs } }: { readonly signal: AbortSignal; readonly limit: TimeLimit },
): Promise<void> {
  const [failed, late] = [new AbortController(), new AbortController()];
  const either = AbortSignal.any([signal, failed.signal, late.signal]);
  const left = [...placements];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined && !either.aborted; next = left.shift()) {
      const { uri } = next;
      await cache.place(next, either).catch((error: unknown) => {
        throw late.signal.aborted ? tooLate(uri, timeoutMs) : failureOf(uri, error);
      });
    }
  };
  const workers = Array.from({ length: Math.min(AT_ONCE, placements.length) }, work);
  const cancel = clock.after(timeoutMs, () => late.abort());
  try {
    await Promise.all(workers);
  } catch (error) {
    failed.abort();
    await Promise.allSettled(workers);
    if (!signal.aborted) throw error;
  } finally {
    cancel();
  }
}

function tooLate(uri: string, timeoutMs: number): StagingFailure {
  const text = `The files of the job took longer than ${timeoutMs} ms; ${shownUri(uri)} was still missing.`;
  return new StagingFailure('STAGING_TIMEOUT', text, true);
}

function failureOf(uri: string, error: unknown): StagingFailure {
  if (isFetchError(error)) return new StagingFailure(error.reason, error.message, error.infrastructure, error);
  return stagingFailureOf(error, `fetching ${shownUri(uri)}`);
}
