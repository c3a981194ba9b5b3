/** What a leader does again and again. */

/** A sweep that only the leader runs. Every action of it is a compare-and-set that is right with two leaders. */
export interface LeaderTask {
  /** Name in the API, kebab-case. */
  readonly name: string;
  /** Milliseconds between the end of one run and the start of the next. */
  readonly intervalMs: number;
  /** One run; returns what it did, one line. Ends soon after `signal` aborts. */
  run(signal: AbortSignal): Promise<string>;
}
