/** The life of an attempt before its process runs, in order. */
import type { Launcher } from '../../../core/ports/launcher.js';
import { directStage } from './direct-stage.js';
import { directoryStage } from './directory-stage.js';
import { factsStage } from './facts-stage.js';
import { filesStage } from './files-stage.js';
import { planStage } from './plan-stage.js';
import { scriptStage } from './script-stage.js';
import type { Stage } from './staging.js';
import { startStage } from './start-stage.js';

/** All stages. */
export function stagesOf(launcher: Launcher): readonly Stage[] {
  return [planStage, directoryStage, filesStage, scriptStage, directStage(), factsStage, startStage(launcher)];
}
