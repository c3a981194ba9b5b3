/** An account of the worker's operating system. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  /** Its primary group. */
  readonly gid: number;
  /** All its groups by number, the primary one among them. */
  readonly groups: readonly number[];
  /** Absolute path; it may not exist. */
  readonly home: string;
}

/** The accounts that the worker's operating system knows. */
export interface Accounts {
  /** The account of this name; `null` when there is none. What it answers may be a minute old. Rejects when the system cannot be asked. */
  find(name: string): Promise<Account | null>;
}
