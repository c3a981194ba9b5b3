/** Decides what goes where, before anything is written. */
import { planFiles, type PlannedFile } from './file-plan.js';
import type { Stage } from './staging.js';

/** Of the job; small and worth keeping. */
const SETUP_FILE = 'genie_setup.sh';

export const planStage: Stage = {
  name: 'plan',
  async run(context) {
    context.plan = planFiles(context.specification);
    const { facts } = context.attempt;
    const { files, setupFiles } = context.plan;
    const archive = { ...facts.archive, paths: ownFiles(files) };
    context.attempt.facts = { ...facts, hasSetup: setupFiles.length > 0, archive };
  },
};

/** The job's own configurations and dependencies, which lie beside its output. */
function ownFiles(files: readonly PlannedFile[]): readonly string[] {
  return files.map(({ target }) => target).filter((target) => !target.includes('/') && target !== SETUP_FILE);
}
