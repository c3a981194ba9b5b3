/** Decides what goes where, before anything is written. */
import { planFiles } from './file-plan.js';
import type { Stage } from './staging.js';

export const planStage: Stage = {
  name: 'plan',
  async run(context) {
    context.plan = planFiles(context.specification);
    context.attempt.facts = { ...context.attempt.facts, hasSetup: context.plan.setupFiles.length > 0 };
  },
};
