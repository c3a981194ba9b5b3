/**
 * Runs the attempts that the worker has claimed: stages, start, wait, conclusion. It alone changes an attempt's phase:
 * `staging` (claimed) -> `running` (started or adopted) -> `ended` (no process any more; memory is free) -> dropped (the log holds its last
 * event, and the launcher has forgotten it).
 */
import { isMaridError } from '../../../core/errors/marid-error.js';
import type { AttemptReference, JobSpecification } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Launcher, LimitHit, ProcessExit, StartedProcess } from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import { attemptDirectory } from '../jobs-folder.js';
import { NO_SECRETS } from '../script/job-environment.js';
import { EMPTY_PLAN } from '../staging/file-plan.js';
import { runStages } from '../staging/run-stages.js';
import { stagingFailureOf, type Stage, type StagingContext } from '../staging/staging.js';
import type { OutputTimes } from '../output/output-times.js';
import { Attempt, WHOLE_ARCHIVE, type Ending } from './attempt.js';
import type { AttemptReporter } from './attempt-reporter.js';
import { concludeExit, infrastructure, KILLED_BY_USER, type Conclusion } from './conclusion.js';
import { exitTraces } from './exit-traces.js';
import type { HeldAttempts } from './held-attempts.js';
import { Turnstile } from './turnstile.js';

/** Options of `AttemptRunner`. */
export interface AttemptRunnerOptions {
  /** Folder of all attempts' folders, absolute. */
  readonly jobsFolder: string;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly killGraceMs: number;
  readonly launcher: Launcher;
  /** Run in order for each attempt; the last one starts its process. */
  readonly stages: readonly Stage[];
  /** Removes what only the process of an attempt needed. */
  readonly cleanUp: (attempt: Attempt) => void;
  readonly held: HeldAttempts;
  readonly reporter: AttemptReporter;
  readonly times: OutputTimes;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class AttemptRunner {
  readonly #options: AttemptRunnerOptions;
  readonly #preparing = new Set<Promise<void>>();
  readonly #turnstile = new Turnstile();

  constructor(options: AttemptRunnerOptions) {
    this.#options = options;
  }

  /** Takes a claimed attempt over, with the memory reserved under `memoryKey`. */
  accept(specification: JobSpecification, memoryKey: string): void {
    const earlier = this.#options.held.ofJob(specification.jobId);
    const attempt = this.#hold(specification, memoryKey);
    const preparing = this.#prepare(attempt, specification, earlier).finally(() => this.#preparing.delete(preparing));
    this.#preparing.add(preparing);
    this.#guard(attempt, preparing);
  }

  /** Refuses a claimed attempt for which there is no memory, so that another worker gets the job. */
  giveBack(specification: JobSpecification): void {
    const attempt = this.#hold(specification, '');
    this.#conclude(attempt, infrastructure('NO_MEMORY', 'The worker has less memory free than the job needs.'));
  }

  /** Takes over an attempt whose process another worker process has started: it runs until its exit is told. */
  adopt(attempt: Attempt, process: StartedProcess | null): void {
    this.#options.held.add(attempt);
    attempt.phase = 'running';
    if (process === null) return;
    this.#options.times.begin(attempt);
    this.#options.reporter.running(attempt, process.startedAt);
  }

  /** Ends an attempt on request: SIGTERM, grace, SIGKILL. Safe to repeat. False when it is not held. */
  kill(reference: AttemptReference): boolean {
    const attempt = this.#options.held.get(reference);
    if (attempt !== null) this.#end(attempt, 'kill');
    return attempt !== null;
  }

  /** Ends an attempt that has reached a limit. Safe to repeat. */
  endFor(attempt: Attempt, hit: LimitHit): void {
    this.#options.launcher.kill({ attempt: attempt.reference, graceMs: 0, hit }).catch((error: unknown) => {
      this.#options.logger.warn(
        { ...attempt.reference, error },
        'an attempt could not be ended; the next look repeats it',
      );
    });
  }

  /** Ends an attempt that is not the worker's any more, without a report. */
  disown(reference: AttemptReference): void {
    const attempt = this.#options.held.get(reference);
    if (attempt !== null) this.#end(attempt, 'lost');
  }

  /** Gives up the attempts that have not started: the worker stops. Resolves when none is being prepared. */
  async abandonStaging(): Promise<void> {
    for (const attempt of this.#options.held.all()) {
      if (attempt.phase === 'staging') this.#end(attempt, 'stop');
    }
    await Promise.allSettled([...this.#preparing]);
  }

  /** The launcher tells of an exit, perhaps again. */
  exited(exit: ProcessExit): void {
    const attempt = this.#options.held.get(exit.attempt);
    if (attempt === null) this.#options.reporter.forget(exit.attempt);
    else if (attempt.phase === 'staging' && !attempt.startUnknown) attempt.earlyExit = exit;
    else if (attempt.phase !== 'ended') this.#guard(attempt, this.#concludeExit(attempt, exit));
  }

  /** The launcher came back: it has the process of an attempt whose start was unknown. */
  found(attempt: Attempt, process: StartedProcess): void {
    if (attempt.startUnknown) this.#started(attempt, process);
  }

  /** The launcher came back and does not know of the attempt. */
  vanished(attempt: Attempt): void {
    const text = "The worker's launcher was lost, and the job's process with it.";
    this.#conclude(attempt, infrastructure('LAUNCHER_LOST', text));
  }

  #hold({ jobId, attempt: number, request, resolution }: JobSpecification, memoryKey: string): Attempt {
    const reference = { jobId, attempt: number };
    const directory = attemptDirectory(this.#options.jobsFolder, reference);
    const archive = { ...WHOLE_ARCHIVE, ...request.archive };
    const recordsOutputTimes = request.recordOutputTimes === true;
    const facts = { memoryMb: resolution.memoryMb, hasSetup: false, recordsOutputTimes, archive };
    const attempt = new Attempt({ reference, directory, memoryKey, facts, sequence: 0 });
    this.#options.held.add(attempt);
    return attempt;
  }

  async #prepare(attempt: Attempt, specification: JobSpecification, earlier: readonly Attempt[]): Promise<void> {
    await this.#turnstile.pass(); // so that the first is started while others are being prepared
    await this.#endEarlier(earlier);
    this.#options.reporter.preparing(attempt);
    const { signal } = attempt.abort;
    const context: StagingContext = {
      attempt,
      specification,
      signal,
      account: null,
      plan: EMPTY_PLAN,
      secrets: NO_SECRETS,
      direct: null,
      started: null,
    };
    const { times, failed } = await runStages(this.#options.stages, context, this.#options.clock);
    attempt.stages = times;
    if (failed !== null) this.#stageFailed(attempt, failed.stage, failed.error);
    else if (context.started === null) this.#concludeUnstarted(attempt);
    else this.#started(attempt, context.started);
  }

  /** At most one process tree runs a job: an attempt that was lost ends before the next one starts. */
  async #endEarlier(earlier: readonly Attempt[]): Promise<void> {
    for (const each of earlier) {
      this.#end(each, 'lost');
      await each.over;
    }
  }

  #started(attempt: Attempt, process: StartedProcess): void {
    attempt.phase = 'running';
    this.#options.times.begin(attempt);
    this.#options.reporter.running(attempt, process.startedAt);
    if (attempt.earlyExit !== null) this.exited(attempt.earlyExit);
    else if (attempt.ending !== null) this.#end(attempt, attempt.ending);
  }

  #stageFailed(attempt: Attempt, stage: Stage, error: unknown): void {
    const { logger } = this.#options;
    logger.warn({ ...attempt.reference, stage: stage.name, error }, 'an attempt could not be prepared');
    if (isMaridError(error) && error.code === 'UNAVAILABLE') {
      attempt.startUnknown = true;
      return;
    }
    const { reason, message, infrastructure: infrastructureFailure } = stagingFailureOf(error, stage.name);
    const text = `Step "${stage.name}" of the preparation failed: ${message}`;
    this.#conclude(attempt, { status: 'FAILED', reason, message: text, infrastructureFailure });
  }

  #concludeUnstarted(attempt: Attempt): void {
    const stopped = infrastructure('WORKER_STOPPED', 'The worker stopped before the job had started.');
    this.#conclude(attempt, attempt.ending === 'stop' ? stopped : KILLED_BY_USER);
  }

  #end(attempt: Attempt, why: Ending): void {
    const { launcher, killGraceMs, logger } = this.#options;
    if (attempt.phase === 'ended') return;
    attempt.ending = attempt.ending === 'lost' ? 'lost' : why;
    if (attempt.phase === 'staging') attempt.abort.abort();
    if (attempt.phase !== 'running' || why === 'stop') return;
    launcher.kill({ attempt: attempt.reference, graceMs: killGraceMs }).catch((error: unknown) => {
      logger.warn({ ...attempt.reference, error }, 'an attempt could not be killed; the next renewal repeats it');
    });
  }

  async #concludeExit(attempt: Attempt, exit: ProcessExit): Promise<void> {
    const { reporter, times } = this.#options;
    if (attempt.facts.recordsOutputTimes === true) {
      // Before its end is known: a reader of the record believes that then nothing is added.
      await times.end(attempt);
      if (attempt.phase === 'ended') return; // the exit was told twice
    }
    this.#release(attempt);
    const conclusion = concludeExit(exit, await exitTraces(attempt, exit));
    reporter.ended(attempt, { conclusion, result: exit.result, at: exit.endedAt });
  }

  #conclude(attempt: Attempt, conclusion: Conclusion): void {
    const { reporter, times, clock } = this.#options;
    void times.end(attempt);
    this.#release(attempt);
    reporter.ended(attempt, { conclusion, result: null, at: clock.now() });
  }

  #release(attempt: Attempt): void {
    this.#options.reporter.released(attempt);
    this.#options.cleanUp(attempt);
  }

  /** Whatever goes wrong with an attempt is its own end, never the worker's. */
  #guard(attempt: Attempt, work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#options.logger.error({ ...attempt.reference, error }, 'an attempt failed unexpectedly');
      this.#conclude(attempt, infrastructure('INTERNAL', 'The worker failed.'));
    });
  }
}
