/** Makes the job's directory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './staging.js';

/** Synchronous on purpose, as are the small files of the other stages: handing one to the thread pool and back takes longer than it does. */
export const directoryStage: Stage = {
  name: 'directory',

  async run({ attempt, plan }) {
    mkdirSync(join(attempt.directory, 'genie/logs'), { recursive: true, mode: 0o755 });
    for (const folder of plan.folders) mkdirSync(join(attempt.directory, folder), { recursive: true });
  },
};
