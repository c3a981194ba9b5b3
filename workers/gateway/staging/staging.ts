/** What the stages before the start of an attempt share. */
import { errnoOf, errorText } from '../../../core/errors/system-error.js';
import type { Account } from '../../../core/ports/accounts.js';
import type { StartedProcess } from '../../../core/ports/launcher.js';
import type { JobSpecification } from '../../../core/job/job.js';
import type { Attempt } from '../attempts/attempt.js';
import type { DirectStart } from '../script/direct-start.js';
import type { Secrets } from '../script/job-environment.js';
import type { FilePlan } from './file-plan.js';

/** What a stage works on; later stages use what earlier ones have put in. */
export interface StagingContext {
  readonly attempt: Attempt;
  readonly specification: JobSpecification;
  /** Aborts when the attempt is to end. */
  readonly signal: AbortSignal;
  /** By `userStage`: who the job runs as; `null`: as the worker. */
  account: Account | null;
  /** By `planFiles`. */
  plan: FilePlan;
  /** By `secretsStage`. */
  secrets: Secrets;
  /** By `directStage`: how to start the program without the script, or `null`. */
  direct: DirectStart | null;
  /** By `startStage`. */
  started: StartedProcess | null;
}

/** A step of preparation. It throws `StagingFailure`, or anything else when the worker itself is at fault. */
export interface Stage {
  /** For the log. */
  readonly name: string;
  run(context: StagingContext): Promise<void>;
}

/** Why an attempt could not be started. */
export class StagingFailure extends Error {
  override readonly name = 'StagingFailure';

  constructor(
    /** Machine-readable cause. */
    readonly reason: string,
    message: string,
    /** Whether the worker failed, not the job. */
    readonly infrastructure: boolean,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** The failure that a caught value stands for: a full disk says so, anything unexpected is the worker's. */
export function stagingFailureOf(error: unknown, doing: string): StagingFailure {
  if (error instanceof StagingFailure) return error;
  const code = errnoOf(error);
  if (code !== null && FULL.has(code)) {
    return new StagingFailure('DISK_FULL', `The worker's disk is full (${doing}).`, true, error);
  }
  return new StagingFailure('STAGING_FAILED', `The worker failed (${doing}): ${errorText(error)}`, true, error);
}
