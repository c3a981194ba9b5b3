/** Keeps what the next worker process must know of the attempt if this one does not live to see its end. */
import { writeFacts } from '../attempts/facts-file.js';
import { folderLimitsOf, type LimitConfig } from '../limit-config.js';
import type { Stage } from './staging.js';

/** The stage. */
export function factsStage(config: LimitConfig): Stage {
  return {
    name: 'facts',
    async run({ attempt, specification }) {
      attempt.facts = { ...attempt.facts, ...folderLimitsOf(specification, config) };
      writeFacts(attempt.directory, attempt.facts);
    },
  };
}
