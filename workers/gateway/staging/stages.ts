/** The life of an attempt before its process runs, in order. */
import type { Launcher } from '../../../core/ports/launcher.js';
import type { AttemptFacts } from '../attempts/attempt.js';
import { readFacts } from '../attempts/facts-file.js';
import type { DependencyCache } from '../cache/dependency-cache.js';
import type { LimitConfig } from '../limit-config.js';
import { directStage } from './direct-stage.js';
import { directoryStage } from './directory-stage.js';
import { factsStage } from './facts-stage.js';
import { filesStage, type TimeLimit } from './files-stage.js';
import { planStage } from './plan-stage.js';
import { scriptStage } from './script-stage.js';
import type { Stage } from './staging.js';
import { startStage } from './start-stage.js';

/** What prepares attempts, and what it keeps of them for the next process of the worker. */
export interface Preparation {
  /** Run in order for each attempt; the last one starts its process. */
  stages(launcher: Launcher): readonly Stage[];
  /** The facts of the attempt with this directory; `null` when there are none that can be read. */
  readFacts(directory: string): Promise<AttemptFacts | null>;
  /** Called once: what `uris` gives is used by attempts, and has to stay. */
  protect(uris: () => ReadonlySet<string>): void;
}

/** Preparation in the worker's state folder, with files from its cache. */
export function folderPreparation(cache: DependencyCache, limit: TimeLimit, limits: LimitConfig): Preparation {
  return {
    stages: (launcher) => [
      planStage,
      directoryStage,
      filesStage(cache, limit),
      scriptStage,
      directStage(),
      factsStage(limits),
      startStage(launcher, limits),
    ],
    readFacts,
    protect: (uris) => cache.protect(uris),
  };
}
