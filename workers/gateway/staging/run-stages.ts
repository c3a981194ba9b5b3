/** Runs the stages of an attempt and takes their times. */
import type { StageTime } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Stage, StagingContext } from './staging.js';

/** How the preparation went. */
export interface StagesRun {
  /** Those that took a millisecond or more. */
  readonly times: readonly StageTime[];
  /** The one that failed, with what it threw; null when none did. */
  readonly failed: { readonly stage: Stage; readonly error: unknown } | null;
}

/** In order, until one fails or the attempt is to end. */
export async function runStages(stages: readonly Stage[], context: StagingContext, clock: Clock): Promise<StagesRun> {
  const times: StageTime[] = [];
  for (const stage of stages) {
    if (context.signal.aborted) break;
    const from = clock.monotonic();
    try {
      await stage.run(context);
    } catch (error) {
      return { times, failed: { stage, error } };
    } finally {
      const ms = Math.round(clock.monotonic() - from);
      if (ms >= 1) times.push({ name: stage.name, ms });
    }
  }
  return { times, failed: null };
}
