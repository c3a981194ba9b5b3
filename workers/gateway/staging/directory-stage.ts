/** Makes the job's directory. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode, type Stage } from './staging.js';

/** Synchronous on purpose, as are the small files of the other stages: handing one to the thread pool and back takes longer than it does. */
export const directoryStage: Stage = {
  name: 'directory',

  async run({ attempt, plan }) {
    const { directory } = attempt;
    for (const path of [dirname(directory), directory, join(directory, 'genie'), join(directory, 'genie/logs')]) {
      makeFolder(path);
    }
    for (const folder of plan.folders) mkdirSync(join(directory, folder), { recursive: true });
  },
};

/** Each by itself, because a recursive call tries the deepest first: four more system calls that fail. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, 0o755);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}
