/** What a launcher does with the records of an earlier one that died: nothing of it may go on running without a parent that holds its lease. */
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { ProcessExit } from '../../../core/ports/launcher.js';
import type { AttemptRecord } from './attempt-record.js';
import { JobTree, markOf } from './job-tree.js';
import { signalGroupsOf } from './signals.js';
import { isFile, outputBytes } from './start-process.js';
import type { Snapshot, Survey } from './survey.js';

/** How long killed processes may take to end, in milliseconds. */
const KILL_LIMIT_MS = 10_000;
const LOOK_MS = 10;

/** What `recoverExit` needs of its surroundings. */
export interface RecoveryOptions {
  /** The present boot, see `readBoot`. */
  readonly boot: string;
  /** See `ProcessTableOptions.owner`. */
  readonly owner: string;
  readonly survey: Survey;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The exit of a recorded attempt. One that was written down is taken as it is. Else the exit status is lost: what still runs of its tree is killed, and
 * the end is told with neither exit code, signal nor cause, whether it was killed here or had gone already: nobody asked for it. `processId` is `null` when
 * nothing was started.
 */
export async function recoverExit(record: AttemptRecord, options: RecoveryOptions): Promise<ProcessExit> {
  if (record.exit !== null) return record.exit;
  const found = record.intended.boot === options.boot ? await killTree(record, options) : null;
  return {
    attempt: record.intended.attempt,
    result: {
      exitCode: null,
      signal: null,
      processId: record.started?.processId ?? found,
      stdoutBytes: outputBytes(record.intended.stdoutPath),
      stderrBytes: outputBytes(record.intended.stderrPath),
      peakMemoryBytes: null,
      cpuTimeMs: null,
    },
    endedAt: options.clock.now(),
    endedBy: null,
  };
}

/** Ends processes of this launcher's jobs, which only their mark tells of; to be called when nothing is to run. */
export function endMarked(snapshot: Snapshot, { owner, logger }: Pick<RecoveryOptions, 'owner' | 'logger'>): void {
  const left = snapshot.alive.filter(({ mark }) => mark?.startsWith(`${owner}/`) === true);
  if (left.length === 0) return;
  logger.warn({ marks: [...new Set(left.map(({ mark }) => mark))] }, 'killing what ended jobs have left behind');
  signalGroupsOf(left, 'SIGKILL');
}

/** Kills what is left of an attempt; the number of its session, if there was any. A process that was started but not recorded is known by its mark and its output. */
async function killTree({ intended, started }: AttemptRecord, options: RecoveryOptions): Promise<number | null> {
  const { survey, clock, logger, owner } = options;
  const { attempt } = intended;
  const tree = new JobTree({
    leader: started?.processId ?? null,
    startTicks: started?.startTicks ?? null,
    mark: markOf(owner, attempt),
    outputs: [intended.stdoutPath, intended.stderrPath].filter(isFile),
  });
  const giveUpAt = clock.monotonic() + KILL_LIMIT_MS;
  let session: number | null = null;
  for (let looks = 0; clock.monotonic() < giveUpAt; looks += 1) {
    const members = tree.look(await survey.look(), true);
    if (members.length === 0) return session;
    if (looks === 0) logger.warn({ attempt, processes: members.length }, 'killing processes whose launcher died');
    session ??= members[0]?.session ?? null;
    signalGroupsOf(members, 'SIGKILL');
    await clock.sleep(LOOK_MS);
  }
  logger.error({ attempt }, 'killed processes do not end');
  return session;
}
