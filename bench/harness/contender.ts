/** What is compared: systems that take jobs durably and run each as a process. */

/** A system, before anything of it is installed. */
export interface Contender {
  /** As the tables show it. */
  readonly name: string;
  /** Fetches and starts what its rounds share; rejects with the reason when this machine cannot have it. */
  readonly prepare: (bench: Bench) => Promise<PreparedContender>;
}

/** What a contender is given. */
export interface Bench {
  /** A temporary folder that ends with the run. */
  readonly folder: string;
  /** Program of every job; its arguments are the ledger and an id of 12 characters. */
  readonly stamp: string;
  /** Told what is being done, one line each. */
  readonly report: (line: string) => void;
}

/** A system that can be started for a round. */
export interface PreparedContender {
  /** Versions of what takes part, for the results. */
  readonly version: string;
  /** What "acknowledged" means with its settings. */
  readonly durability: string;
  /** Starts it with nothing stored; resolves when it takes jobs. */
  start(round: Round): Promise<RunningContender>;
  /** Ends what `prepare` started. */
  stop(): Promise<void>;
}

/** One start of a contender. */
export interface Round {
  /** A folder of the round's own, which goes when all rounds are over. */
  readonly folder: string;
  /** File that every job appends its id to. */
  readonly ledger: string;
  /** How many jobs may run at once. */
  readonly concurrency: number;
}

/** A system that takes jobs. */
export interface RunningContender {
  /** Submits one job; resolves when the system has acknowledged it, so that it survives SIGKILL of everything. */
  submit(id: string): Promise<void>;
  /** Ends it and its jobs. */
  stop(): Promise<void>;
}
