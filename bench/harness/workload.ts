/** What `npm run bench -- NAME` can run. */
import type { NativeProduct } from '../../infra/deploy/native/marid-environment.js';
import type { Contender } from './contender.js';

/** A workload. */
export interface Workload {
  /** One line for the list. */
  readonly summary: string;
  readonly run: (options: BenchOptions) => Promise<void>;
}

/** Options of the command line; each workload takes those that mean something to it. */
export interface BenchOptions {
  /** Jobs of a round. Default: the workload's own. */
  readonly jobs?: number;
  /** Rounds of each contender. Default: 5. */
  readonly rounds?: number;
  /** Idle workers, for `growth`. Default: 2,000. */
  readonly workers?: number;
  /** Who takes part. Default: all. */
  readonly contenders?: readonly Contender[];
  /** Servers of the native stack in place of embedded engines, for `overview`. Default: none. */
  readonly engines?: readonly NativeProduct[];
  /** A MongoDB to measure as well, for `listing`. Default: none. */
  readonly mongoUrl?: string;
}
