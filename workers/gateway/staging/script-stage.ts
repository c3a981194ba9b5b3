/** Writes the `run` script. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMaridError } from '../../../core/errors/marid-error.js';
import { runScript } from '../script/run-script.js';
import { StagingFailure, type Stage, type StagingContext } from './staging.js';

export const scriptStage: Stage = {
  name: 'script',
  async run(context) {
    writeFileSync(join(context.attempt.directory, 'run'), compose(context), { mode: 0o755 });
  },
};

function compose({ specification, attempt, plan, secrets }: StagingContext): string {
  try {
    return runScript({ specification, directory: attempt.directory, setupFiles: plan.setupFiles, secrets });
  } catch (error) {
    if (isMaridError(error)) throw new StagingFailure('INVALID_REQUEST', error.message, false, error);
    throw error;
  }
}
