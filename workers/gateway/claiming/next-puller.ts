/**
 * Gets jobs when there is room for which no offer was read: so no job waits for an offer that was lost, and jobs start when the log is
 * away. All free memory is reserved for the time of a call; a call without a definite answer is repeated with the same id.
 *
 * States: those of its loop: *asking* (`ClaimNext`, again at once while calls give jobs), then *waiting*. Where the control plane lets `ClaimNext` wait, that call itself is held, gets new jobs as they are submitted, and keeps
 * the memory; elsewhere a call that only tells when to ask (`AwaitJobs`). A held call is given up when there is more room than it told of. A round begins a second or two after the one before at the earliest, but for `wake`; where
 * nobody holds calls, that is how often it asks.
 */
import { PollLoop } from '../../../core/loops/poll-loop.js';
import type { MemoryBudget } from '../../../core/dispatch/budget.js';
import type { JobSpecification } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { Service } from '../../../core/ports/service.js';
import { isMaridError } from '../../../core/errors/marid-error.js';
import { specificationFromMessage } from '../../../proto/codec/specification.js';
import { toDuration } from '../../../proto/codec/time.js';
import type { JobSpecification as JobSpecificationMessage } from '../../../proto/gen/marid/v1/job_pb.js';
import type { ClaimNextResponse, Reservation, WorkerService } from '../../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceClient } from '../../../proto/rpc/service.js';
import { backoffMs } from '../backoff.js';
import type { ClaimGate } from './claim-gate.js';
import type { LeaseKeeper } from '../session/lease-keeper.js';
import { isDefinite, tooLate } from './definite.js';

/** Least time from the beginning of a round to the next, the other half being chance. */
const LEAST_WAIT_MS = 1_000;
const MOST_JOBS = 256;
const CALL_TIMEOUT_MS = 10_000;
/** How long the control plane is asked to hold a call, and how much later its answer may come. */
const HOLD_MS = 15_000;
const HOLD_GRACE_MS = 3_000;
/** How long a control plane that does not hold calls is not asked to. */
const NO_HOLD_MS = 60_000;
const FIRST_RETRY_MS = 200;
const MOST_RETRY_MS = 5_000;

/** Options of `NextPuller`. */
export interface NextPullerOptions {
  readonly client: ServiceClient<typeof WorkerService>;
  readonly identity: { readonly workerId: string; readonly session: string };
  readonly budget: MemoryBudget;
  readonly gate: ClaimGate;
  readonly lease: Pick<LeaseKeeper, 'mark' | 'covers'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether the worker may claim. */
  readonly mayClaim: () => boolean;
  /** Whether no claim is under way: where calls are not held, offers go before. */
  readonly isIdle: () => boolean;
  /** Whether the control plane holds `ClaimNext` until there are jobs. */
  readonly callsWait: () => boolean;
  /** Takes over what was claimed; its memory is not reserved yet. */
  readonly onClaimed: (specification: JobSpecification) => void;
  /** The job for which the worker knows it is held; `null`: it is not. */
  readonly reservedFor: () => string | null;
  /** Told with each answer for which job the worker is held, or that it is not. */
  readonly onReservation: (reservation: Reservation | undefined) => void;
  /** Called when memory that was reserved for a call is free again. */
  readonly onRoom: () => void;
  /** Called when the control plane refuses: the session may be over. */
  readonly onRefused: () => void;
}

/** A call that the control plane holds. */
interface Hold {
  /** Memory that it keeps, in MiB. */
  readonly keptMb: number;
  /** Free memory that it was told of beside that, in MiB. */
  readonly toldMb: number;
  /** Gives up what is to end it soon. */
  cancel: (() => void) | null;
  readonly end: () => void;
}

/** A call of `ClaimNext` with its repetitions. */
interface Call {
  readonly claimId: string;
  readonly memoryMb: number;
  /** Aborted when it is not to wait any longer. */
  readonly ended: AbortController;
  /** Gives its memory back; idempotent. */
  readonly release: () => void;
  /** Jobs that it has given. */
  readonly claimed: Set<string>;
}

export class NextPuller implements Service {
  readonly #options: NextPullerOptions;
  readonly #loop: PollLoop;
  /** What the last call of `ClaimNext` gave. */
  #claimed = 0;
  #expectsMore = false;
  /** Whether to ask, or else to wait only. */
  #asks = true;
  #woken = false;
  #roundAt = 0;
  #hold: Hold | null = null;
  #noHoldUntil = 0;

  constructor(options: NextPullerOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#loop = new PollLoop({
      ...{ name: 'next-puller', intervalMs: () => (this.#claimed > 0 ? 0 : this.#restMs()), clock, logger },
      run: (signal) => this.#round(signal),
    });
  }

  async start(): Promise<void> {
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    const stopped = this.#loop.stop();
    this.#hold?.end();
    await stopped;
  }

  /** Whether there may be jobs for which there was no room: the last call gave some, or where calls are held, none is. */
  get expectsMore(): boolean {
    return this.#options.callsWait() ? this.#hold === null : this.#expectsMore;
  }

  /** Memory that a held call keeps for the jobs that it may get, in MiB. */
  get waitingMb(): number {
    return this.#hold?.keptMb ?? 0;
  }

  /** Asks soon. */
  wake(): void {
    this.#woken = true;
    this.#hold?.end();
    this.#loop.wake();
  }

  /** Asks when the round has lasted long enough, if there is more room now than the control plane knows. */
  roomChanged(): void {
    const hold = this.#hold;
    if (hold === null || hold.cancel !== null || this.#options.budget.freeMb <= hold.toldMb) return;
    hold.cancel = this.#options.clock.after(this.#restMs(), hold.end);
  }

  #restMs(): number {
    const { clock, random } = this.#options;
    return Math.max(0, LEAST_WAIT_MS * (1 + random.next()) - (clock.monotonic() - this.#roundAt));
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { budget, gate, mayClaim, isIdle, callsWait, clock } = this.#options;
    this.#roundAt = clock.monotonic();
    this.#claimed = 0;
    const asks = this.#asks || this.#woken;
    this.#asks = true;
    this.#woken = false;
    const waits = callsWait();
    if (!gate.isOpen || budget.freeMb <= 0 || !mayClaim() || !(waits || isIdle())) return;
    if (asks || waits) {
      this.#claimed = await this.#pull(budget.freeMb, waits, signal);
      this.#expectsMore = this.#claimed > 0;
    }
    if (this.#claimed === 0 && !waits && !this.#woken && !signal.aborted) await this.#wait(budget.freeMb);
  }

  /** Waits until there is something to ask for, as far as the control plane helps. */
  async #wait(memoryMb: number): Promise<void> {
    const { client, identity, clock, logger, reservedFor, onRefused } = this.#options;
    if (memoryMb <= 0 || clock.monotonic() < this.#noHoldUntil) return;
    const ended = new AbortController();
    const hold = this.#begin({ keptMb: 0, toldMb: memoryMb }, ended);
    try {
      const request = { ...identity, memoryMb, wait: toDuration(HOLD_MS), reservedFor: reservedFor() ?? '' };
      const options = { signal: ended.signal, timeoutMs: HOLD_MS + HOLD_GRACE_MS };
      const { ask } = await client.awaitJobs(request, options);
      this.#asks = ask;
    } catch (error) {
      if (isMaridError(error) && error.code === 'UNSUPPORTED') this.#noHoldUntil = clock.monotonic() + NO_HOLD_MS;
      else if (isDefinite(error)) onRefused();
      else logger.debug({ error }, 'the control plane does not hold the question for jobs');
    } finally {
      this.#end(hold);
    }
  }

  #begin(room: Pick<Hold, 'keptMb' | 'toldMb'>, ended: AbortController): Hold {
    this.#hold = { ...room, cancel: null, end: () => ended.abort() };
    return this.#hold;
  }

  #end(hold: Hold): void {
    hold.cancel?.();
    if (this.#hold === hold) this.#hold = null;
  }

  /** One call, repeated until its answer is known. How many jobs it gave. */
  async #pull(memoryMb: number, waits: boolean, stop: AbortSignal): Promise<number> {
    const { budget, random, onRoom, onRefused } = this.#options;
    const claimId = random.id();
    const ended = new AbortController();
    budget.reserve(claimId, memoryMb);
    const hold = waits ? this.#begin({ keptMb: memoryMb, toldMb: 0 }, ended) : null;
    const release = (): void => {
      if (hold !== null) this.#end(hold);
      budget.release(claimId);
    };
    const claimed = new Set<string>();
    try {
      await this.#untilKnown({ claimId, memoryMb, ended, release, claimed }, waits, stop);
    } catch {
      // Refused for certain, or the worker stops: nothing was claimed that anybody would run.
      if (!stop.aborted) onRefused();
    }
    release();
    onRoom();
    return claimed.size;
  }

  /** Only the first try waits; it is given up when the call is to end, and the next one tells at once what it has claimed. */
  async #untilKnown(call: Call, waits: boolean, stop: AbortSignal): Promise<void> {
    const { gate, clock, random, logger } = this.#options;
    for (let tries = 1; ; tries++) {
      const waitMs = waits && tries === 1 ? HOLD_MS : 0;
      try {
        await gate.pass(stop, (signal) => this.#call(call, { waitMs, first: tries === 1 }, signal));
        return;
      } catch (error) {
        if (waitMs > 0 && call.ended.signal.aborted) continue;
        if (isDefinite(error) || stop.aborted) throw error;
        logger.debug({ error }, 'a request for waiting jobs has no answer; it is repeated');
        await clock.sleep(backoffMs({ failures: tries, firstMs: FIRST_RETRY_MS, mostMs: MOST_RETRY_MS, random }), stop);
      }
    }
  }

  async #call(
    call: Call,
    { waitMs, first }: { readonly waitMs: number; readonly first: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const { client, identity, lease, reservedFor, onReservation } = this.#options;
    const { claimId, memoryMb, ended } = call;
    const sent = lease.mark();
    const request = { ...identity, memoryMb, maxJobs: MOST_JOBS, claimId, first, reservedFor: reservedFor() ?? '' };
    const wait = waitMs > 0 ? { wait: toDuration(waitMs) } : {};
    const giveUp = (): void => ended.abort();
    if (waitMs > 0) signal.addEventListener('abort', giveUp);
    const limit =
      waitMs > 0 ? { signal: ended.signal, timeoutMs: waitMs + HOLD_GRACE_MS } : { signal, timeoutMs: CALL_TIMEOUT_MS };
    const onEarly = ({ specifications }: ClaimNextResponse): void => {
      if (lease.covers(sent)) this.#take(call, specifications);
    };
    const { specifications, reservation } = await client
      .claimNext({ ...request, ...wait }, { ...limit, onEarly })
      .finally(() => signal.removeEventListener('abort', giveUp));
    if (!lease.covers(sent)) throw tooLate();
    this.#take(call, specifications);
    onReservation(reservation); // behind the claims: it may let offers take what memory is left
  }

  /** Takes jobs over that the call has given, each once. */
  #take({ claimed, release }: Call, specifications: readonly JobSpecificationMessage[]): void {
    const { logger, onClaimed } = this.#options;
    release();
    for (const message of specifications) {
      if (claimed.has(message.jobId)) continue;
      claimed.add(message.jobId);
      const specification = specificationFromMessage(message);
      if (specification !== null) onClaimed(specification);
      else logger.error({ jobId: message.jobId }, 'a claimed job has no specification that can be read');
    }
  }
}
