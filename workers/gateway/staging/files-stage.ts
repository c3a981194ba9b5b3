/** Places configurations, dependencies and setup files. */
import { join } from 'node:path';
import { placeFile } from './place-file.js';
import type { Stage } from './staging.js';

export const filesStage: Stage = {
  name: 'files',
  async run({ attempt, plan, signal }) {
    for (const { uri, target } of plan.files) {
      if (signal.aborted) return;
      await placeFile(uri, join(attempt.directory, target));
    }
  },
};
