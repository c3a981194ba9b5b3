/** Which idle workers are called because of which waiting jobs. */
import type { Random } from '../ports/random.js';

/** Looks between two calls for the same job: time for the worker to ask and to be given the job. */
const LOOKS_BETWEEN_CALLS = 2;
/** Most workers that are called for one job at one look. */
const MOST_WORKERS = 16;

/** A job that waits. */
export interface WaitingJob {
  readonly id: string;
  /** Memory that it needs, in MiB. */
  readonly memoryMb: number;
  /** Whether it was offered, so that it is left to its offer at first. */
  readonly offered: boolean;
}

interface Calls {
  times: number;
  /** The look at which the next call is due. */
  due: number;
}

/**
 * The calls of one pool. A job is left to its offer until the next look. Then one worker that has room for it is called, and if it still waits, as after a call that was lost, two, four, ...: a crowd is not woken
 * for one job, and a few workers that do not hear hold nothing up.
 */
export class WorkerCalls {
  private look = 0;
  private calls = new Map<string, Calls>();

  constructor(private readonly random: Random) {}

  /** The workers to call now, each once; `jobs` are those that wait now, in the order in which they are to be served. */
  plan<W extends { readonly memoryMb: number }>(jobs: readonly WaitingJob[], workers: readonly W[]): readonly W[] {
    this.look += 1;
    const known = this.calls;
    this.calls = new Map();
    let left: W[] | null = null;
    const called: W[] = [];
    for (const job of jobs) {
      const calls = known.get(job.id) ?? { times: 0, due: this.look + (job.offered ? 1 : 0) };
      this.calls.set(job.id, calls);
      if (calls.due > this.look) continue;
      left ??= [...workers];
      const chosen = this.take(left, job.memoryMb, Math.min(2 ** calls.times, MOST_WORKERS));
      called.push(...chosen);
      if (chosen.length > 0) this.calls.set(job.id, { times: calls.times + 1, due: this.look + LOOKS_BETWEEN_CALLS });
    }
    return called;
  }

  /** Takes some of the workers that have the memory, from a random place on. */
  private take<W extends { readonly memoryMb: number }>(workers: W[], memoryMb: number, count: number): readonly W[] {
    const taken: W[] = [];
    let index = Math.floor(this.random.next() * workers.length);
    for (let seen = workers.length; seen > 0 && taken.length < count; seen -= 1) {
      index = index >= workers.length ? 0 : index;
      const worker = workers[index];
      if (worker !== undefined && worker.memoryMb >= memoryMb) taken.push(...workers.splice(index, 1));
      else index += 1;
    }
    return taken;
  }
}
