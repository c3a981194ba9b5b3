/** What a launcher does with the records of an earlier one that died: nothing of it may go on running without a parent that holds its lease. */
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { ProcessExit } from '../../../core/ports/launcher.js';
import type { AttemptRecord } from './attempt-record.js';
import { findByStdout, readStat } from './proc.js';
import { liveGroups, signalGroup, type Survey } from './session.js';
import { isFile, outputBytes } from './start-process.js';

/** How long killed processes may take to end, in milliseconds. */
const KILL_LIMIT_MS = 10_000;
const LOOK_MS = 10;

/** What `recoverExit` needs of its surroundings. */
export interface RecoveryOptions {
  /** The present boot, see `readBoot`. */
  readonly boot: string;
  readonly survey: Survey;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A session as it was found. */
interface FoundSession {
  /** Process number of its leader. */
  readonly id: number;
  /** Start of its leader; `null` when that has ended. */
  readonly leaderTicks: number | null;
}

/**
 * The exit of a recorded attempt. One that was written down is taken as it is. Else the exit status is lost: what still runs is killed with its session, and
 * the end is told with neither exit code, signal nor cause, whether it was killed here or had gone already: nobody asked for it. `processId` is `null` when
 * nothing was started.
 */
export async function recoverExit(record: AttemptRecord, options: RecoveryOptions): Promise<ProcessExit> {
  if (record.exit !== null) return record.exit;
  const session = record.intended.boot === options.boot ? findSession(record) : null;
  if (session !== null) await killSession(record, session, options);
  return {
    attempt: record.intended.attempt,
    result: {
      exitCode: null,
      signal: null,
      processId: record.started?.processId ?? session?.id ?? null,
      stdoutBytes: outputBytes(record.intended.stdoutPath),
      stderrBytes: outputBytes(record.intended.stderrPath),
      peakMemoryBytes: null,
      cpuTimeMs: null,
    },
    endedAt: options.clock.now(),
    endedBy: null,
  };
}

/** The session of an attempt, with or without its leader. A process that was started but not recorded is known by where its output goes. */
function findSession({ intended, started }: AttemptRecord): FoundSession | null {
  if (started === null) {
    const [found] = isFile(intended.stdoutPath) ? findByStdout(intended.stdoutPath) : [];
    return found === undefined ? null : { id: found.session, leaderTicks: readStat(found.session)?.startTicks ?? null };
  }
  const leader = readStat(started.processId);
  if (leader !== null && leader.startTicks !== started.startTicks) return null;
  return { id: started.processId, leaderTicks: leader?.startTicks ?? null };
}

async function killSession(record: AttemptRecord, session: FoundSession, options: RecoveryOptions): Promise<void> {
  const { survey, clock, logger } = options;
  const { attempt } = record.intended;
  const giveUpAt = clock.monotonic() + KILL_LIMIT_MS;
  for (let looks = 0; clock.monotonic() < giveUpAt; looks += 1) {
    const groups = liveGroups(await survey.look(), session.id, session.leaderTicks);
    if (groups.length === 0) return;
    if (looks === 0) logger.warn({ attempt, groups }, 'killing processes whose launcher died');
    for (const group of groups) signalGroup(group, 'SIGKILL');
    await clock.sleep(LOOK_MS);
  }
  logger.error({ attempt }, 'killed processes do not end');
}
