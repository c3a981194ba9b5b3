/** The floors: `posix_spawn` alone, and the least that a durable runner does around it. Both are one small program in C. */
import type { Contender } from '../harness/contender.js';
import { LinePeer } from '../harness/line-peer.js';
import { compiled, toolContext } from '../harness/tools.js';

function floor(name: string, mode: 'bare' | 'durable', durability: string): Contender {
  return {
    name,
    prepare: async ({ stamp, report }) => {
      const program = await compiled(toolContext(report), 'toy');
      return {
        version: 'this repository',
        durability,
        start: ({ folder, ledger, concurrency }) =>
          LinePeer.start({
            command: [program, mode, String(concurrency), folder, stamp, ledger],
            environment: {},
            greets: false,
          }),
        stop: async () => undefined,
      };
    },
  };
}

/** What a process costs on this machine. */
export const POSIX_SPAWN = floor('posix_spawn', 'bare', 'nothing is kept');
/** Journal with `fdatasync` before the acknowledgement, folder and output files for each job; no network, no queue, no registry. */
export const DURABLE_TOY = floor(
  'durable toy',
  'durable',
  'fdatasync of a journal, shared by the ids that come together',
);
