/** Places configurations, dependencies and setup files. */
import { join } from 'node:path';
import { isFetchError, shownUri } from '../../../core/ports/fetcher.js';
import type { DependencyCache, Placement } from '../cache/dependency-cache.js';
import type { PlannedFile } from './file-plan.js';
import { StagingFailure, stagingFailureOf, type Stage } from './staging.js';

/** Files of one job that are waited for at the same time. */
const AT_ONCE = 8;

/** The stage that places files. What is in the cache, and fresh, costs one link each and no wait. */
export function filesStage(cache: DependencyCache): Stage {
  return {
    name: 'files',
    async run({ attempt, plan, signal }) {
      attempt.uris = plan.files.map(({ uri }) => uri);
      const waiting = plan.files
        .map((file) => placementOf(attempt.directory, file))
        .filter((placement) => !placeNow(cache, placement));
      if (waiting.length > 0) await placeAll(cache, waiting, signal);
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
    throw failureOf(placement, error);
  }
}

/** The first failure ends the others. */
async function placeAll(cache: DependencyCache, placements: readonly Placement[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const left = [...placements];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined && !either.aborted; next = left.shift()) {
      await cache.place(next, either).catch(throwFailure(next));
    }
  };
  const workers = Array.from({ length: Math.min(AT_ONCE, placements.length) }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    failed.abort();
    await Promise.allSettled(workers);
    if (!signal.aborted) throw error;
  }
}

function throwFailure(placement: Placement): (error: unknown) => never {
  return (error) => {
    throw failureOf(placement, error);
  };
}

function failureOf({ uri }: Placement, error: unknown): StagingFailure {
  if (isFetchError(error)) return new StagingFailure(error.reason, error.message, error.infrastructure, error);
  return stagingFailureOf(error, `fetching ${shownUri(uri)}`);
}
