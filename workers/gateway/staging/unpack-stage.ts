/** Unpacks the archives that have been placed. */
import { join } from 'node:path';
import { shownUri } from '../../../core/ports/fetcher.js';
import type { TreeCache } from '../cache/tree-cache.js';
import { isArchiveError } from '../unpack/archive-error.js';
import { StagingFailure, stagingFailureOf, type Stage } from './staging.js';

/** The stage. */
export function unpackStage(trees: TreeCache): Stage {
  return {
    name: 'unpack',
    async run({ attempt, plan, signal }) {
      for (const { uri, archive, folder } of plan.trees) {
        const place = { uri, archive: join(attempt.directory, archive), target: join(attempt.directory, folder) };
        await trees.place(place, signal).catch((error: unknown) => {
          if (!signal.aborted) throw failureOf(uri, error);
        });
        if (signal.aborted) return;
      }
    },
  };
}

function failureOf(uri: string, error: unknown): StagingFailure {
  if (!isArchiveError(error)) return stagingFailureOf(error, `unpacking ${shownUri(uri)}`);
  return new StagingFailure('ARCHIVE_REFUSED', `The archive ${shownUri(uri)} is refused: ${error.why}.`, false, error);
}
