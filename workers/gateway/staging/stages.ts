/** The life of an attempt before its process runs, in order. */
import type { Launcher } from '../../../core/ports/launcher.js';
import type { DependencyCache } from '../cache/dependency-cache.js';
import { directStage } from './direct-stage.js';
import { directoryStage } from './directory-stage.js';
import { factsStage } from './facts-stage.js';
import { filesStage, type TimeLimit } from './files-stage.js';
import { planStage } from './plan-stage.js';
import { scriptStage } from './script-stage.js';
import type { Stage } from './staging.js';
import { startStage } from './start-stage.js';

/** All stages. */
export function stagesOf(launcher: Launcher, cache: DependencyCache, limit: TimeLimit): readonly Stage[] {
  return [
    planStage,
    directoryStage,
    filesStage(cache, limit),
    scriptStage,
    directStage(),
    factsStage,
    startStage(launcher),
  ];
}
