/** Marid in processes of its own: one control plane with the embedded engines, and workers that share what runs at once. */
import { packageVersion } from '../../cli/version.js';
import type { Contender, Round, RunningContender } from '../harness/contender.js';
import { Fleet } from '../harness/processes.js';
import { JOB_MEMORY_MB, register } from '../system.js';
import { EMBEDDED, overStream } from './marid.js';

/** A control plane with so many workers. */
export function fleetOf(workers: number): Contender {
  return {
    name: workers === 1 ? '1 worker' : `${String(workers)} workers`,
    prepare: async ({ stamp }) => ({
      version: packageVersion(),
      durability: EMBEDDED,
      start: (round) => start(workers, stamp, round),
      stop: async () => undefined,
    }),
  };
}

async function start(workers: number, stamp: string, round: Round): Promise<RunningContender> {
  const fleet = await Fleet.start(round.folder);
  try {
    await register(fleet.client, { stamp: [stamp, round.ledger] });
    const memoryMb = Math.ceil(round.concurrency / workers) * JOB_MEMORY_MB;
    for (let index = 0; index < workers; index += 1) await fleet.startWorker(`w${String(index)}`, { memoryMb });
  } catch (error) {
    await fleet.stop();
    throw error;
  }
  return overStream(fleet);
}
