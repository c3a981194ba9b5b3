/** Decides whether the program can be started without bash, and then writes what the script would have written. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseEnvironment } from '../script/base-environment.js';
import { directStart } from '../script/direct-start.js';
import { ENVIRONMENT_DUMP_FILE, environmentDump } from '../script/job-environment.js';
import { PlainPrograms } from '../script/plain-program.js';
import type { Stage } from './staging.js';

/** The stage. `workingDirectory`: where the program runs. Default: in the job's directory. What a job of another user can run, only that user knows: bash looks as that user. */
export function directStage(workingDirectory: string | null = null): Stage {
  const base = baseEnvironment();
  const programs = new PlainPrograms();
  return {
    name: 'direct',
    async run(context) {
      if (context.account !== null) return;
      const { attempt, specification, plan, secrets } = context;
      const { directory } = attempt;
      const { setupFiles } = plan;
      context.direct = directStart({ specification, directory, setupFiles, base, secrets, programs, workingDirectory });
      if (context.direct === null) return;
      writeFileSync(join(directory, ENVIRONMENT_DUMP_FILE), environmentDump(context.direct.environment, secrets));
    },
  };
}
