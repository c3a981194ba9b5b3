/** What a launcher does with the records of an earlier one that died: nothing of it may go on running without a parent that holds its lease. */
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { ProcessExit } from '../../../core/ports/launcher.js';
import type { AttemptRecord } from './attempt-record.js';
import { findByStdout, readStat } from './proc.js';
import { groupSurvives, signalGroup } from './process-group.js';
import { isFile, outputBytes } from './start-process.js';

/** How long killed processes may take to end, in milliseconds. */
const KILL_LIMIT_MS = 10_000;
const LOOK_MS = 10;

/** What `recoverExit` needs of its surroundings. */
export interface RecoveryOptions {
  /** The present boot, see `readBoot`. */
  readonly boot: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The exit of a recorded attempt. One that was written down is taken as it is. Else the exit status is lost: what still runs is killed with its group, and
 * the end is told with neither exit code, signal nor cause, whether it was killed here or had gone already: nobody asked for it. `processId` is `null` when
 * nothing was started.
 */
export async function recoverExit(record: AttemptRecord, options: RecoveryOptions): Promise<ProcessExit> {
  if (record.exit !== null) return record.exit;
  const group = record.intended.boot === options.boot ? findGroup(record) : null;
  if (group !== null) {
    options.logger.warn({ attempt: record.intended.attempt, group }, 'killing a process whose launcher died');
    await killGroup(group, options);
  }
  return {
    attempt: record.intended.attempt,
    result: {
      exitCode: null,
      signal: null,
      processId: record.started?.processId ?? group,
      stdoutBytes: outputBytes(record.intended.stdoutPath),
      stderrBytes: outputBytes(record.intended.stderrPath),
      peakMemoryBytes: null,
      cpuTimeMs: null,
    },
    endedAt: options.clock.now(),
    endedBy: null,
  };
}

/** The group of an attempt that lives, with or without its leader. A process that was started but not recorded is known by where its output goes. */
function findGroup({ intended, started }: AttemptRecord): number | null {
  if (started === null)
    return isFile(intended.stdoutPath) ? (findByStdout(intended.stdoutPath)[0]?.session ?? null) : null;
  const leader = readStat(started.processId);
  if (leader !== null) return leader.startTicks === started.startTicks ? started.processId : null;
  return groupSurvives(started.processId) ? started.processId : null;
}

async function killGroup(group: number, { clock }: RecoveryOptions): Promise<void> {
  const giveUpAt = clock.monotonic() + KILL_LIMIT_MS;
  while (isAlive(group) && clock.monotonic() < giveUpAt) {
    signalGroup(group, 'SIGKILL');
    await clock.sleep(LOOK_MS);
  }
}

function isAlive(group: number): boolean {
  const leader = readStat(group);
  return leader !== null ? leader.state !== 'Z' && leader.state !== 'X' : groupSurvives(group);
}
