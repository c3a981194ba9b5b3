/** Makes the job's directory. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stage } from './staging.js';

export const directoryStage: Stage = {
  name: 'directory',
  async run({ attempt, plan }) {
    await mkdir(join(attempt.directory, 'genie/logs'), { recursive: true, mode: 0o755 });
    for (const folder of plan.folders) await mkdir(join(attempt.directory, folder), { recursive: true });
  },
};
