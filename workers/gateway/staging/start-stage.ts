/** Hands the job's program to the launcher: by itself where that is the same, else as the `run` script. */
import { join } from 'node:path';
import { isMaridError, type ErrorCode } from '../../../core/errors/marid-error.js';
import type { Launcher, StartedProcess } from '../../../core/ports/launcher.js';
import { processLimitsOf, type LimitConfig } from '../limit-config.js';
import { baseEnvironment } from '../script/base-environment.js';
import type { DirectStart } from '../script/direct-start.js';
import { secretCarriers } from '../script/secret-lines.js';
import { StagingFailure, type Stage, type StagingContext } from './staging.js';

const BASH = '/bin/bash';
/** A program that cannot be run. */
const REFUSALS: readonly ErrorCode[] = ['NOT_FOUND', 'INVALID_ARGUMENT'];

/** The stage that starts the process. `UNAVAILABLE` is passed on as it is: the launcher may have started it. */
export function startStage(launcher: Launcher, limits: LimitConfig): Stage {
  const environment = baseEnvironment();
  const start = ({ attempt, specification, account }: StagingContext, what: DirectStart): Promise<StartedProcess> =>
    launcher.start({
      ...what,
      attempt: attempt.reference,
      directory: attempt.directory,
      stdoutPath: join(attempt.directory, 'stdout'),
      stderrPath: join(attempt.directory, 'stderr'),
      timeoutMs: specification.resolution.timeoutMs,
      ...(account === null ? {} : { user: { uid: account.uid, gid: account.gid, groups: account.groups } }),
      limits: processLimitsOf(specification, limits),
    });
  const script = (context: StagingContext): DirectStart => ({
    command: [BASH, '--noprofile', '--norc', join(context.attempt.directory, 'run')],
    environment: {
      ...(context.account === null ? environment : baseEnvironment(context.account)),
      ...secretCarriers(context.secrets.variables),
    },
  });
  /** `null`: there is nothing to start so, or the kernel refuses, in which case bash says why as it does. */
  const startDirectly = async (context: StagingContext): Promise<StartedProcess | null> => {
    if (context.direct === null) return null;
    try {
      return await start(context, context.direct);
    } catch (error) {
      if (isMaridError(error) && REFUSALS.includes(error.code)) return null;
      throw error;
    }
  };
  return {
    name: 'start',
    async run(context) {
      try {
        context.started = (await startDirectly(context)) ?? (await start(context, script(context)));
      } catch (error) {
        if (!isMaridError(error) || error.code === 'UNAVAILABLE') throw error;
        throw new StagingFailure('START_FAILED', `The worker could not start bash: ${error.message}`, true, error);
      }
    },
  };
}
