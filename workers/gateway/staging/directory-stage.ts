/** Makes the job's directory. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OUTPUT_TIMES_FILE } from '../../../core/job/output-times.js';
import type { Stage } from './staging.js';

/** One folder after the other, because a recursive call begins with the deepest and fails at each. Synchronous on purpose, as are the small files of the other stages: handing one to the thread pool and back takes longer than it does. */
export const directoryStage: Stage = {
  name: 'directory',

  async run({ attempt, plan, account }) {
    const { directory } = attempt;
    // Of another user: new for sure, and closed to everybody until it is given to that user.
    if (account !== null) {
      mkdirSync(dirname(directory), { recursive: true, mode: 0o755 });
      mkdirSync(directory, { mode: 0o700 });
    }
    for (const path of [dirname(directory), directory, join(directory, 'genie'), join(directory, 'genie/logs')]) {
      mkdirSync(path, { recursive: true, mode: 0o755 });
    }
    if (attempt.facts.recordsOutputTimes === true) writeFileSync(join(directory, OUTPUT_TIMES_FILE), '');
    for (const folder of plan.folders) mkdirSync(join(directory, folder), { recursive: true });
  },
};
