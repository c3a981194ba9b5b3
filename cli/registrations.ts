/** All commands, in the order in which help lists them. A new command is one file in `commands/` and one line here. */
import type { Registration } from './registration.js';
import * as apply from './commands/apply.js';
import * as clone from './commands/clone.js';
import * as config from './commands/config.js';
import * as controlPlane from './commands/control-plane.js';
import * as completion from './commands/completion.js';
import * as deletion from './commands/delete.js';
import * as dev from './commands/dev.js';
import * as describe from './commands/describe.js';
import * as drain from './commands/drain.js';
import * as explain from './commands/explain.js';
import * as files from './commands/files.js';
import * as get from './commands/get.js';
import * as health from './commands/health.js';
import * as kill from './commands/kill.js';
import * as leader from './commands/leader.js';
import * as logs from './commands/logs.js';
import * as profile from './commands/profile.js';
import * as resolve from './commands/resolve.js';
import * as retry from './commands/retry.js';
import * as run from './commands/run.js';
import * as stats from './commands/stats.js';
import * as submit from './commands/submit.js';
import * as version from './commands/version.js';
import * as wait from './commands/wait.js';
import * as watch from './commands/watch.js';
import * as worker from './commands/worker.js';
import * as workers from './commands/workers.js';

/** Commands that run Marid's own processes. */
const PROCESSES: readonly Registration[] = [dev, controlPlane, worker, config];

/** Every command. */
export const REGISTRATIONS: readonly Registration[] = [
  ...PROCESSES,
  run,
  submit,
  resolve,
  logs,
  files,
  wait,
  watch,
  kill,
  retry,
  clone,
  explain,
  apply,
  get,
  describe,
  deletion,
  workers,
  drain,
  leader,
  stats,
  health,
  profile,
  completion,
  version,
];
