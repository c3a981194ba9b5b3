/** What the simulated programs do: decided by the job and the attempt alone, so that it does not matter who starts them. */
import { SeededRandom } from '../support/seeded-random.js';

/** A program of one attempt. */
export interface Program {
  /** How long it runs when nobody ends it, milliseconds. */
  readonly durationMs: number;
  readonly exitCode: number;
  /** After how long it ends when it is asked to, milliseconds; `null`: it does not listen. */
  readonly obeysAfterMs: number | null;
}

/** A number from 0 to 2^32 - 1 for a text (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Longest run times of most programs, of some and of few, milliseconds: the last outlives every time limit of the control plane. */
const DURATIONS_MS = { most: 5000, some: 40_000, few: 90_000 };

/** The program of an attempt. Most are short, some are long, some fail, some do not listen. */
export function programOf(jobId: string, attempt: number): Program {
  const random = new SeededRandom(hashOf(`${jobId}/${String(attempt)}`));
  const kind = random.next();
  const longestMs = kind < 0.85 ? DURATIONS_MS.most : kind < 0.99 ? DURATIONS_MS.some : DURATIONS_MS.few;
  return {
    durationMs: Math.round(random.next() * longestMs) + 20,
    exitCode: random.next() < 0.2 ? 1 + Math.floor(random.next() * 3) : 0,
    obeysAfterMs: random.next() < 0.3 ? null : Math.round(random.next() * 400),
  };
}
