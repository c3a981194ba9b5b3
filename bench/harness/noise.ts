/** How much else the machine did while something was measured. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const LOOP_ROUNDS = 2e7;

/** What a quiet machine would show: equal loop times and gaps of a millisecond or two. */
export interface Noise {
  /** Time of a fixed CPU loop, in milliseconds. */
  readonly loopMs: number;
  /** The longest that this process was not scheduled during the work, in milliseconds. */
  readonly gapMs: number;
}

/** Does the work and says how quiet it was. */
export async function withNoise<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly noise: Noise }> {
  const loopMs = fixedLoop();
  const gaps = monitorEventLoopDelay({ resolution: 1 });
  gaps.enable();
  try {
    const result = await work();
    return { result, noise: { loopMs, gapMs: gaps.max / 1e6 } };
  } finally {
    gaps.disable();
  }
}

/** One line about the noise of several rounds. */
export function noiseLine(rounds: readonly Noise[]): string {
  const loops = rounds.map(({ loopMs }) => loopMs);
  const worst = Math.max(...rounds.map(({ gapMs }) => gapMs));
  const spread = Math.max(...loops) / Math.min(...loops);
  return `noise: the fixed loop took ${Math.min(...loops).toFixed(0)} to ${Math.max(...loops).toFixed(0)} ms (${spread.toFixed(2)} x); largest gap in the harness ${worst.toFixed(0)} ms`;
}

function fixedLoop(): number {
  const started = performance.now();
  let value = 1;
  for (let index = 0; index < LOOP_ROUNDS; index += 1) value = (value * 16807) % 2147483647;
  return performance.now() - started + (value === 0 ? 1 : 0);
}
