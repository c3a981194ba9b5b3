/** The life of an attempt before its process runs, in order. */
import type { Launcher } from '../../../core/ports/launcher.js';
import type { Attempt, AttemptFacts } from '../attempts/attempt.js';
import { readFacts } from '../attempts/facts-file.js';
import type { Caches } from '../cache/open-caches.js';
import type { LimitConfig } from '../limit-config.js';
import { directStage } from './direct-stage.js';
import { directoryStage } from './directory-stage.js';
import { factsStage } from './facts-stage.js';
import { filesStage, type TimeLimit } from './files-stage.js';
import { planStage } from './plan-stage.js';
import { scriptStage } from './script-stage.js';
import { NO_ACCESS, removeSecrets, secretsStage, type SecretsAccess } from './secrets-stage.js';
import type { Stage } from './staging.js';
import { startStage } from './start-stage.js';
import { unpackStage } from './unpack-stage.js';
import { AS_WORKER, ownerStage, userStage, type UserAccess } from './user-stage.js';

/** What prepares attempts, and what it keeps of them for the next process of the worker. */
export interface Preparation {
  /** Run in order for each attempt; the last one starts its process. */
  stages(launcher: Launcher): readonly Stage[];
  /** The facts of the attempt with this directory; `null` when there are none that can be read. */
  readFacts(directory: string): Promise<AttemptFacts | null>;
  /** Removes what only the process of the attempt needed; it is gone. Idempotent; never throws. */
  cleanUp(attempt: Attempt): void;
  /** Called once: what `uris` gives is used by attempts, and has to stay. */
  protect(uris: () => ReadonlySet<string>): void;
}

/** What jobs get by the worker's configuration; absent: no secrets, and every job runs as the worker, in its own directory. */
export interface JobAccess {
  readonly secrets?: SecretsAccess;
  readonly users?: UserAccess;
  /** Where programs run, absolute. */
  readonly workingDirectory?: string;
}

/** Preparation in the worker's state folder, with files from its cache and secrets as it is allowed. */
export function folderPreparation(
  { files, trees }: Caches,
  limit: TimeLimit,
  limits: LimitConfig,
  { secrets = NO_ACCESS, users = AS_WORKER, workingDirectory }: JobAccess = {},
): Preparation {
  return {
    stages: (launcher) => [
      userStage(users),
      planStage,
      directoryStage,
      filesStage(files, limit),
      unpackStage(trees),
      secretsStage(secrets),
      scriptStage(workingDirectory),
      directStage(workingDirectory),
      ownerStage,
      factsStage(limits),
      startStage(launcher, limits),
    ],
    readFacts,
    cleanUp: ({ directory, facts }) => {
      if (facts.hasSecretFiles === true) removeSecrets(directory);
    },
    protect: (uris) => files.protect(uris),
  };
}
