/** What a leader does again and again. */
import type { Schedule } from './schedule.js';

/** A sweep that only the leader runs. Every action of it is a compare-and-set that is right with two leaders. */
export interface LeaderTask {
  /** Name in the API, kebab-case; one of `TASK_NAMES`. */
  readonly name: string;
  /** When it runs, unless the configuration says otherwise. */
  readonly schedule: Schedule;
  /** One run; returns what it did, one line. Ends soon after `signal` aborts. */
  run(signal: AbortSignal): Promise<string>;
}

/** Every task that a control plane has; the configuration may name these. */
export const TASK_NAMES = [
  'archive-retention',
  'archive-status',
  'attachment-retention',
  'deadlines',
  'heartbeat-ticks',
  'lease-expiry',
  'publish-events',
  're-offer',
  'registry-clean-up',
  'reserve',
  'retention',
  'usage',
  'user-limits',
] as const;

/** What the configuration says about a task. */
export interface TaskSettings {
  /** Default: true. A task that is not enabled runs only when asked by hand. */
  readonly enabled: boolean;
  /** Instead of its own. */
  readonly schedule: Schedule | null;
}
