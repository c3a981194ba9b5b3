/** The way of a process to a server that it shares with others: the store, the log, the lease. */
import { MaridError } from '../../core/errors/marid-error.js';
import type { Random } from '../../core/ports/random.js';
import type { SimProcess } from './sim-process.js';
import type { Timeline } from './timeline.js';

/** Longest time of a call on its way there, and of its answer back, milliseconds. */
const TRAVEL_MS = 8;
/** Longest time until a caller gives up a call without an answer, milliseconds. */
const PATIENCE_MS = 3000;

/** How a server fares. Faults change it. */
export interface Weather {
  /** Every call is refused. */
  down: boolean;
  /** Probability that a call goes wrong: refused, lost, answered by nobody, or carried out much later. */
  trouble: number;
  /** How late at most readers get what was stored, milliseconds: for the log. */
  lagMs: number;
}

/** Fair weather. */
export function fairWeather(): Weather {
  return { down: false, trouble: 0, lagMs: 0 };
}

/** Options of `Link`. */
export interface LinkOptions {
  readonly process: SimProcess;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly weather: Weather;
  /** Whether nothing gets through between the two. Default: never. */
  readonly isCut?: () => boolean;
}

type Fate = 'well' | 'refused' | 'lost' | 'unanswered' | 'late';
const TROUBLES: readonly Fate[] = ['refused', 'lost', 'unanswered', 'unanswered', 'late'];

/** Calls take time both ways, overtake each other, and are carried out although their caller has been told otherwise or is gone. */
export class Link {
  constructor(readonly options: LinkOptions) {}

  /** Carries `work` out at the server, if all goes well, and answers with what it returns or throws. */
  call<T>(work: () => T): Promise<T> {
    const { process, timeline } = this.options;
    return new Promise((resolve, reject) => {
      const answer = (afterMs: number, settle: () => void): void => {
        timeline.at(afterMs, () => process.dispatch(settle));
      };
      const fail = (error: Error): void => answer(this.#within(PATIENCE_MS), () => reject(error));
      const fate = this.#fate();
      if (fate === 'refused') return answer(this.#within(TRAVEL_MS), () => reject(refusal()));
      if (fate === 'lost' || fate === 'late') fail(silence());
      if (fate === 'lost') return;
      timeline.at(this.#within(fate === 'late' ? 2 * PATIENCE_MS : TRAVEL_MS), () => {
        const outcome = this.#carryOut(work);
        if (fate === 'unanswered') fail(this.#within(1) < 0.5 ? silence() : refusal());
        if (fate !== 'well') return;
        answer(this.#within(TRAVEL_MS), () => (outcome.ok ? resolve(outcome.value) : reject(outcome.error)));
      });
    });
  }

  /** Whether the server can be reached now. */
  get isUp(): boolean {
    return !this.options.weather.down && this.options.isCut?.() !== true;
  }

  #carryOut<T>(work: () => T): { ok: true; value: T } | { ok: false; error: Error } {
    try {
      if (!this.isUp) throw refusal();
      return { ok: true, value: work() };
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  #fate(): Fate {
    const { random, weather, isCut } = this.options;
    if (isCut?.() === true) return 'lost';
    if (weather.down) return 'refused';
    if (weather.trouble === 0 || random.next() >= weather.trouble) return 'well';
    return TROUBLES[Math.floor(random.next() * TROUBLES.length)] ?? 'lost';
  }

  #within(ms: number): number {
    return this.options.random.next() * ms;
  }
}

/** The error of a server that cannot be reached. */
export function refusal(): MaridError {
  return new MaridError('UNAVAILABLE', 'The simulated server cannot be reached.');
}

/** The error of a call that has no answer. */
export function silence(): MaridError {
  return new MaridError('DEADLINE_EXCEEDED', 'The simulated server did not answer in time.');
}
