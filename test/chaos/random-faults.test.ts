/**
 * Rounds of random faults on real processes, two at a time, while jobs are submitted. `MARID_TEST_CHAOS_ROUNDS` says how many, `MARID_TEST_CHAOS_SEED` repeats the
 * choices of a run that failed (not its timing). Asserted from the ledger that the jobs keep, except for how each ended.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Job } from '../../client/index.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { ChaosFleet, type ChaosJob } from '../support/chaos-fleet.js';
import type { Stamp } from '../support/job-ledger.js';
import { chooseFaults, pick } from '../support/random-faults.js';
import { SeededRandom } from '../support/seeded-random.js';

const ROUNDS = Number(process.env['MARID_TEST_CHAOS_ROUNDS'] ?? 5);
const SEED = Number(process.env['MARID_TEST_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const JOBS = 12;
/** Why a job may fail that does not fail by itself. */
const EXCUSES = ['EXIT_UNKNOWN', 'LEASE_EXPIRED', 'LAUNCHER_LOST', 'WORKER_LOST', 'START_FAILED', 'STAGING_FAILED'];

let fleet: ChaosFleet;
afterEach(() => fleet.close());

describe('random faults', () => {
  test(
    'lose no accepted job and run none twice at a time',
    async () => {
      const random = new SeededRandom(SEED);
      const story: string[] = [];
      process.stderr.write(`random faults with seed ${String(SEED)}\n`);
      fleet = await ChaosFleet.open({ workers: ['w1', 'w2'] });
      const all: Job[] = [];
      try {
        for (let round = 1; round <= ROUNDS; round += 1) {
          const faults = chooseFaults(fleet, random);
          story.push(`round ${String(round)}: ${faults.map((fault) => fault.name).join(', ')}`);
          const jobs = Array.from({ length: JOBS }, () => chooseJob(random));
          const [accepted] = await Promise.all([submitAll(jobs), ...faults.map((fault) => fault.run())]);
          const ended = await fleet.wait(accepted);
          await fleet.quiet();
          check(ended, fleet.ledger.stamps());
          all.push(...ended);
        }
        expect(await Promise.all(all.map(async ({ id }) => statusOf(await fleet.client.get(id))))).toEqual(
          all.map(statusOf),
        );
      } catch (error) {
        throw new Error(`${story.join('\n')}\n${String(error)}\n${fleet.logs()}`, { cause: error });
      }
    },
    60_000 + ROUNDS * 60_000,
  );
});

function chooseJob(random: SeededRandom): ChaosJob {
  const [maxAttempts, exitCode] = pick([[1, 0], [1, 3], [5, 0]] as const, random); // prettier-ignore
  return {
    maxAttempts,
    exitCode,
    seconds: random.next() * 1.5,
    stubborn: random.next() < 0.2,
    grouped: random.next() < 0.2,
  };
}

/** Submits the jobs one after the other within about a second and a half, each until it is accepted. */
async function submitAll(jobs: readonly ChaosJob[]): Promise<readonly Job[]> {
  const accepted: Job[] = [];
  for (const job of jobs) {
    accepted.push(await fleet.submit(job));
    await new Promise((resolve) => setTimeout(resolve, 1_500 / JOBS));
  }
  return accepted;
}

/** What must be true of the jobs of a round and of all stamps so far. */
function check(ended: readonly Job[], stamps: readonly Stamp[]): void {
  expect(stamps.filter((stamp) => stamp.kind === 'double')).toEqual([]);
  const starts = stamps
    .filter((stamp) => stamp.kind === 'start')
    .map((stamp) => `${stamp.jobId}/${String(stamp.attempt)}`);
  expect(new Set(starts).size).toBe(starts.length);
  for (const job of ended) {
    const own = stamps.filter((stamp) => stamp.jobId === job.id);
    const last = own.at(-1);
    const exitCode = job.result?.exitCode;
    if (job.reason === 'EXIT_CODE') {
      expect([job.id, last]).toEqual([
        job.id,
        expect.objectContaining({ kind: 'end', attempt: job.attempt, value: exitCode }),
      ]);
    } else expect([job.id, EXCUSES]).toEqual([job.id, expect.arrayContaining([job.reason])]);
    expect(job.status === JobStatus.SUCCEEDED).toBe(job.reason === 'EXIT_CODE' && exitCode === 0);
  }
}

function statusOf(job: Job): string {
  return `${job.id} ${JobStatus[job.status]} ${job.reason} ${String(job.attempt)}`;
}
