/** Hands the `run` script to the launcher. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { isMaridError } from '../../../core/errors/marid-error.js';
import type { Launcher } from '../../../core/ports/launcher.js';
import { StagingFailure, type Stage } from './staging.js';

/** Nothing of the worker's own environment reaches a job. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const BASH = '/bin/bash';

/** The stage that starts the process. `UNAVAILABLE` is passed on as it is: the launcher may have started it. */
export function startStage(launcher: Launcher): Stage {
  const environment = minimalEnvironment();
  return {
    name: 'start',
    async run(context) {
      const { directory, reference } = context.attempt;
      try {
        context.started = await launcher.start({
          attempt: reference,
          command: [BASH, '--noprofile', '--norc', join(directory, 'run')],
          directory,
          environment,
          stdoutPath: join(directory, 'stdout'),
          stderrPath: join(directory, 'stderr'),
          timeoutMs: context.specification.resolution.timeoutMs,
        });
      } catch (error) {
        if (!isMaridError(error) || error.code === 'UNAVAILABLE') throw error;
        throw new StagingFailure('START_FAILED', `The worker could not start bash: ${error.message}`, true, error);
      }
    },
  };
}

function minimalEnvironment(): Readonly<Record<string, string>> {
  const { home, user } = account();
  return {
    PATH,
    HOME: home,
    USER: user,
    LOGNAME: user,
    LANG: 'C.UTF-8',
    TMPDIR: '/tmp',
  };
}

/** The account that the worker runs as; a container's user may have no entry. */
function account(): { readonly home: string; readonly user: string } {
  try {
    const { homedir, username } = userInfo();
    return { home: homedir, user: username };
  } catch {
    return { home: '/', user: 'marid' };
  }
}
