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
    seed: 5,
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
    seed: 5,
  },
  {
    name: 'an end is not final',
    file: 'core/job/worker-event.ts',
    find: 'if (claim === null) return',
    replace: 'if (claim === null && job.attempts.length === 0) return',
    seed: 86,
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
    seed: 145,
  },
  {
    name: 'the launcher forgets an exit before the log has it',
    file: 'workers/gateway/attempts/attempt-reporter.ts',
    find: 'else this.#tell(',
    replace: 'else drop(), this.#tell(',
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
    name: 'a grant counts although its job was not stored',
    file: 'services/control-plane/dispatch/grants.ts',
    find: 'made ? claimed : null',
    replace: 'claimed',
    seed: 44,
  },
  {
    name: 'events are sent before the worker is registered',
    file: 'workers/gateway/attempts/event-outbox.ts',
    find: 'this.#open && this.#queue.length > 0',
    replace: 'this.#queue.length > 0',
    seed: 1,
  },
  {
    name: 'kills that could not be delivered are not repeated',
    file: 'services/control-plane/fleet/attempt-reconciler.ts',
    find: 'job.kill !== null && holds(account, job)',
    replace: 'false',
    seed: 1013,
  },
  {
    name: 'a claim is answered again after a kill',
    file: 'services/control-plane/fleet/claims.ts',
    find: 'job.kill === null &&',
    replace: '',
    seed: 27,
  },
  {
    name: 'the kill of a waiting job leaves it waiting',
    file: 'core/job/kill.ts',
    find: 'if (isOwned(job.status))',
    replace: 'if (true)',
    seed: 1,
  },
  {
    name: 'attempts are lost before the events of workers are applied',
    file: 'services/control-plane/projection/projector.ts',
    find: 'return await this.inTime(passed, timeoutMs)',
    replace: 'return true',
    seed: 3,
  },
  {
    name: 'workers are given up by the wall clock',
    file: 'core/fleet/silence.ts',
    find: 'Math.min(now - seenAt, beats)',
    replace: 'now - seenAt',
    seed: 39,
  },
  {
    name: 'workers that are gone are never given up',
    file: 'core/fleet/expiry-plan.ts',
    find: 'return free && facts.suspects.has(suspectKey(record))',
    replace: 'return false',
    seed: 3,
  },
  {
    name: 'events of an earlier attempt are applied',
    file: 'core/job/worker-event.ts',
    find: 'if (event.attempt !== job.attempt) return',
    replace: 'if (event.attempt !== job.attempt) return null; if (false) return',
    seed: 125,
  },
  {
    name: 'offsets are committed before their events are applied',
    file: 'services/control-plane/projection/event-intake.ts',
    find: 'this.options.onRecords(records);',
    replace: 'this.settle(records); this.options.onRecords(records);',
    seed: 4,
  },
];
