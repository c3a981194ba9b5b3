/** Rounds of the same work by several contenders, interleaved, so that what else the machine does falls on all of them. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../core/errors/system-error.js';
import type { Bench, Contender, PreparedContender, RunningContender } from './contender.js';
import { inLanes } from './lanes.js';
import { Ledger } from './ledger.js';

/** So many that just-in-time compilers have done most of their work, as in a service that has run for a while; a slow contender is warm after some seconds. */
const WARM_UP_JOBS = 2000;
const WARM_UP_MS = 10_000;
/** Jobs of the warm-up that are submitted together. */
const WARM_UP_STEP = 250;

/** A contender that takes part. */
export interface Entrant {
  readonly name: string;
  readonly prepared: PreparedContender;
  /** How many jobs it runs at once: the best of a sweep. */
  readonly concurrency: number;
}

/** A contender that has started and run a few jobs. */
export interface Started {
  readonly system: RunningContender;
  readonly ledger: Ledger;
  /** Ids of 12 characters that nobody has used in this round. */
  readonly ids: (count: number) => readonly string[];
  /** Submits so many jobs, so many at a time; resolves when all are acknowledged. */
  readonly submitAll: (ids: readonly string[], inFlight: number) => Promise<void>;
}

/** Prepares those that this machine can have; the others are reported with the reason. */
export async function prepareAll(bench: Bench, contenders: readonly Contender[]) {
  const prepared: { readonly name: string; readonly prepared: PreparedContender }[] = [];
  for (const { name, prepare } of contenders) {
    try {
      prepared.push({ name, prepared: await prepare(bench) });
    } catch (error) {
      bench.report(`${name} is left out: ${errorText(error)}`);
    }
  }
  return prepared;
}

/**
 * Starts a contender, warms it up, does the work and ends it; rejects when the ledger shows a job lost or run twice. Its files stay until the end of the run: some file systems make inodes slowly for minutes
 * after others were deleted, which would fall on whoever comes next.
 */
export async function oneRound<T>(
  bench: Bench,
  { name, prepared, concurrency }: Entrant,
  work: (started: Started) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(bench.folder, 'round-'));
  const ledger = new Ledger(join(folder, 'ledger'));
  const system = await prepared.start({ folder, ledger: ledger.path, concurrency });
  try {
    const submitted: string[] = [];
    const started: Started = {
      ...{ system, ledger },
      ids: (count) => {
        const fresh = Array.from({ length: count }, (_, index) => String(submitted.length + index).padStart(12, '0'));
        for (const id of fresh) submitted.push(id); // too many for one call
        return fresh;
      },
      submitAll: (ids, inFlight) => inLanes(ids, inFlight, (id) => system.submit(id)),
    };
    const end = performance.now() + WARM_UP_MS;
    while (submitted.length < WARM_UP_JOBS && performance.now() < end) {
      await started.submitAll(started.ids(WARM_UP_STEP), concurrency);
      await ledger.reached(submitted.length);
    }
    const result = await work(started);
    await ledger.reached(submitted.length);
    const { lost, doubled } = await ledger.judge(submitted);
    if (lost + doubled > 0)
      throw new Error(`${name}: ${String(lost)} jobs lost, ${String(doubled)} run more than once`);
    return result;
  } finally {
    await system.stop();
  }
}

/** Every entrant once in each round; who begins rotates. */
export async function interleaved(
  rounds: number,
  entrants: readonly Entrant[],
  work: (entrant: Entrant, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (let index = 0; index < entrants.length; index += 1) {
      const entrant = entrants[(index + round) % entrants.length];
      if (entrant !== undefined) await work(entrant, round);
    }
  }
}
