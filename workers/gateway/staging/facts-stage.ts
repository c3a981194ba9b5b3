/** Keeps what the next worker process must know of the attempt if this one does not live to see its end. */
import { writeFacts } from '../attempts/facts-file.js';
import type { Stage } from './staging.js';

export const factsStage: Stage = {
  name: 'facts',
  async run({ attempt }) {
    writeFacts(attempt.directory, attempt.facts);
  },
};
