/** Writes the `run` script. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMaridError } from '../../../core/errors/marid-error.js';
import { runScript } from '../script/run-script.js';
import { StagingFailure, type Stage, type StagingContext } from './staging.js';

/** The stage. `workingDirectory`: where the program runs. Default: in the job's directory. */
export function scriptStage(workingDirectory: string | null = null): Stage {
  return {
    name: 'script',
    async run(context) {
      const text = compose(context, workingDirectory);
      writeFileSync(join(context.attempt.directory, 'run'), text, { mode: 0o755 });
    },
  };
}

function compose(context: StagingContext, workingDirectory: string | null): string {
  const { specification, attempt, plan, secrets } = context;
  const { setupFiles } = plan;
  try {
    return runScript({ specification, directory: attempt.directory, setupFiles, secrets, workingDirectory });
  } catch (error) {
    if (isMaridError(error)) throw new StagingFailure('INVALID_REQUEST', error.message, false, error);
    throw error;
  }
}
