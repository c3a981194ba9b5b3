/** Deliberate faults: each breaks one rule that the simulation has to watch over. */

/** A fault in the code. */
export interface Mutant {
  /** What it does, for people. */
  readonly name: string;
  /** The module, below the root of the project. */
  readonly file: string;
  /** Text of the module without its types, as swc prints it. */
  readonly find: string;
  readonly replace: string;
  /** The first seed that finds it, so that nobody has to search: if it does not any more, a later one does. */
  readonly seed: number;
}

/** The table. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a write does not compare revisions',
    file: 'test/simulation/sim-job-store.ts',
    find: 'known?.revision !== job.revision - 1',
    replace: 'known === undefined',
    seed: 1,
  },
  {
    name: 'the launcher lets jobs run without renewals',
    file: 'infra/process/launcher/lease-deadline.ts',
    find: 'return Math.max(this.clock.monotonic()',
    replace: 'return 0 * Math.max(this.clock.monotonic()',
    seed: 3,
  },
  {
    name: 'offsets are committed before the events are applied',
    file: 'services/control-plane/projection/projector.ts',
    find: 'if (!await this.apply(round)) return;',
    replace: 'this.intake.settle(round); if (!await this.apply(round)) return;',
    seed: 46,
  },
  {
    name: 'a kill is delivered and not recorded',
    file: 'core/job/kill.ts',
    find: 'const wished = {',
    replace: 'const wished = { ...job }; void {',
    seed: 1,
  },
  {
    name: 'a killed job is tried again',
    file: 'core/job/retry.ts',
    find: 'if (job.kill !== null && (retried || isLost(attempt)))',
    replace: 'if (false)',
    seed: 3,
  },
  {
    name: 'an end is not final',
    file: 'core/job/worker-event.ts',
    find: 'if (claim === null) return',
    replace: 'if (claim === null && job.attempts.length === 0) return',
    seed: 1,
  },
  {
    name: 'job events that were not stored count as published',
    file: 'services/control-plane/events/event-publisher.ts',
    find: 'await this.options.log.produce(',
    replace: 'await ((batch) => this.options.log.produce(batch).catch(() => undefined))(',
    seed: 5,
  },
  {
    name: 'only the last transition is published',
    file: 'services/control-plane/events/event-publisher.ts',
    find: 'Math.max(this.sent.get(job.id) ?? 0, job.publishedSequence)',
    replace: 'job.history.length - 1',
    seed: 2,
  },
  {
    name: 'claims under way are lost',
    file: 'services/control-plane/fleet/claim-times.ts',
    find: 'CLAIM_UNDER_WAY_MS = 60_000',
    replace: 'CLAIM_UNDER_WAY_MS = 0',
    seed: 34,
  },
  {
    name: 'the launcher forgets an exit before the log has it',
    file: 'workers/gateway/attempts/attempt-reporter.ts',
    find: 'else this.#send(attempt, {',
    replace: 'else drop(), this.#send(attempt, {',
    seed: 4,
  },
  {
    name: 'the memory of adopted attempts is not counted',
    file: 'workers/gateway/attempts/adoption.ts',
    find: '!budget.reserve(memoryKey, memoryMb)',
    replace: 'false',
    seed: 1,
  },
  {
    name: 'nobody asks for waiting jobs',
    file: 'workers/gateway/claiming/next-puller.ts',
    find: '!gate.isOpen || ',
    replace: 'true || ',
    seed: 1,
  },
  {
    name: 'events are sent before the worker is registered',
    file: 'workers/gateway/attempts/event-outbox.ts',
    find: 'this.#open && this.#queue.length > 0',
    replace: 'this.#queue.length > 0',
    seed: 1,
  },
  {
    name: 'a worker with offers that do not fit asks for nothing else',
    file: 'workers/gateway/gateway.ts',
    find: 'this.#mayClaim() && this.#claimer.size === 0',
    replace: 'this.#mayClaim() && this.#reader.size === 0 && this.#claimer.size === 0',
    seed: 11,
  },
  {
    name: 'a job that rests before its next attempt keeps others from being given',
    file: 'services/control-plane/fleet/claims.ts',
    find: ' && restsUntil(job, now) === null',
    replace: '',
    seed: 621,
  },
  {
    name: 'a claim is answered again after a kill',
    file: 'services/control-plane/fleet/claims.ts',
    find: 'job.kill === null && ',
    replace: '',
    seed: 533,
  },
];
