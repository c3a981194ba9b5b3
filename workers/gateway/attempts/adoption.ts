/** Takes attempts over from the launcher: at the start, those of the process before; after a loss of the launcher, what it still holds. */
import type { MemoryBudget } from '../../../core/dispatch/budget.js';
import { attemptKey } from '../../../core/job/attempt-key.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { HeldProcess, Launcher, ProcessExit } from '../../../core/ports/launcher.js';
import type { Logger } from '../../../core/ports/logger.js';
import { attemptDirectory } from '../jobs-folder.js';
import { Attempt, WHOLE_ARCHIVE, type AttemptFacts } from './attempt.js';
import type { AttemptRunner } from './attempt-runner.js';
import type { HeldAttempts } from './held-attempts.js';

/** What is assumed of an attempt whose facts cannot be read. */
const UNKNOWN_FACTS: AttemptFacts = {
  memoryMb: 0,
  hasSetup: true,
  hasSecretFiles: true,
  recordsOutputTimes: false,
  archive: WHOLE_ARCHIVE,
};

/** Options of `Adoption`. */
export interface AdoptionOptions {
  /** Of this process. */
  readonly session: string;
  readonly launcher: Launcher;
  readonly runner: AttemptRunner;
  readonly held: HeldAttempts;
  readonly budget: MemoryBudget;
  /** The facts of the attempt with this directory; `null` when there are none that can be read. */
  readonly readFacts: (directory: string) => Promise<AttemptFacts | null>;
  /** Folder of all attempts' folders, absolute. */
  readonly jobsFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** States: idle, adopting (exits that are told meanwhile wait until every attempt is known). */
export class Adoption {
  readonly #options: AdoptionOptions;
  #waiting: ProcessExit[] | null = null;

  constructor(options: AdoptionOptions) {
    this.#options = options;
  }

  /** Adopts everything that the launcher holds; attempts that it should hold and does not are lost. Rejects with `STALE_SESSION` when a later process of the worker has done so. */
  async run(): Promise<void> {
    this.#waiting ??= [];
    try {
      await this.#adoptAll();
    } finally {
      const exits = this.#waiting;
      this.#waiting = null;
      for (const exit of exits) this.#options.runner.exited(exit);
    }
  }

  /** The launcher tells of an exit. */
  exited(exit: ProcessExit): void {
    if (this.#waiting === null) this.#options.runner.exited(exit);
    else this.#waiting.push(exit);
  }

  async #adoptAll(): Promise<void> {
    const { launcher, runner, held, session, logger } = this.#options;
    const expected = held.all().filter((attempt) => attempt.phase === 'running' || attempt.startUnknown);
    const processes = await launcher.adopt({ session });
    for (const process of processes) await this.#adopt(process);
    const found = new Set(processes.map((process) => held.get(process.attempt)));
    for (const attempt of expected) {
      if (!found.has(attempt) && attempt.phase !== 'ended') runner.vanished(attempt);
    }
    if (processes.length > 0) logger.info({ attempts: processes.length }, 'attempts were taken over from the launcher');
  }

  async #adopt(process: HeldProcess): Promise<void> {
    const { runner, held } = this.#options;
    const started = process.kind === 'running' ? process.process : null;
    const known = held.get(process.attempt);
    if (known === null) runner.adopt(await this.#attemptOf(process.attempt), started);
    else if (started !== null) runner.found(known, started);
    if (process.kind === 'ended') runner.exited(process.exit);
  }

  /** An attempt of the process before. Its events are numbered above all that were sent: from the time, which only grows. */
  async #attemptOf(reference: AttemptReference): Promise<Attempt> {
    const { budget, clock, jobsFolder, logger, readFacts } = this.#options;
    const directory = attemptDirectory(jobsFolder, reference);
    const facts = await readFacts(directory);
    if (facts === null) logger.warn({ ...reference }, 'an adopted attempt has no facts; its memory is not counted');
    const known = facts ?? UNKNOWN_FACTS;
    const { memoryMb } = known;
    const memoryKey = attemptKey(reference);
    if (!budget.reserve(memoryKey, memoryMb)) {
      logger.warn({ ...reference, memoryMb }, 'an adopted attempt needs more than is left; all that is left is held');
      budget.reserve(memoryKey, budget.freeMb);
    }
    return new Attempt({ reference, directory, memoryKey, facts: known, sequence: clock.now() });
  }
}
