/**
 * Gets waiting jobs when there is room for which no offer was read: so no job waits for an offer that was lost, and jobs start when the log is
 * away. All free memory is reserved for the time of a call; a call without a definite answer is repeated with the same id.
 *
 * States: those of its loop: *asking* (`ClaimNext`, again at once while calls give jobs), then *waiting* (a call that the control plane holds until there is something to ask for, and that is given up when there is more
 * room than it told of). A round begins a second or two after the one before at the earliest, but for `wake`; where nobody holds the call, that is how often it asks.
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
import type { Reservation, WorkerService } from '../../../proto/gen/marid/v1/worker_service_pb.js';
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
  /** Whether no claim is under way and the worker may claim. */
  readonly isIdle: () => boolean;
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
  /** Room that it was told of, in MiB. */
  readonly memoryMb: number;
  /** Gives up what is to end it soon. */
  cancel: (() => void) | null;
  readonly end: () => void;
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

  /** Whether the last call gave something: then there may be more, for which there was no room. */
  get expectsMore(): boolean {
    return this.#expectsMore;
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
    if (hold === null || hold.cancel !== null || this.#options.budget.freeMb <= hold.memoryMb) return;
    hold.cancel = this.#options.clock.after(this.#restMs(), hold.end);
  }

  #restMs(): number {
    const { clock, random } = this.#options;
    return Math.max(0, LEAST_WAIT_MS * (1 + random.next()) - (clock.monotonic() - this.#roundAt));
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { budget, gate, isIdle, clock } = this.#options;
    this.#roundAt = clock.monotonic();
    this.#claimed = 0;
    const asks = this.#asks || this.#woken;
    this.#asks = true;
    this.#woken = false;
    if (!gate.isOpen || budget.freeMb <= 0 || !isIdle()) return;
    if (asks) {
      this.#claimed = await this.#pull(budget.freeMb, signal);
      this.#expectsMore = this.#claimed > 0;
    }
    if (this.#claimed === 0 && !this.#woken && !signal.aborted) await this.#wait(budget.freeMb);
  }

  /** Waits until there is something to ask for, as far as the control plane helps. */
  async #wait(memoryMb: number): Promise<void> {
    const { client, identity, clock, logger, reservedFor, onRefused } = this.#options;
    if (memoryMb <= 0 || clock.monotonic() < this.#noHoldUntil) return;
    const ended = new AbortController();
    const hold: Hold = { memoryMb, cancel: null, end: () => ended.abort() };
    this.#hold = hold;
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
      hold.cancel?.();
      this.#hold = null;
    }
  }

  /** One call, repeated until its answer is known. How many jobs it gave. */
  async #pull(memoryMb: number, stop: AbortSignal): Promise<number> {
    const { budget, gate, random, onRoom, onRefused } = this.#options;
    const claimId = random.id();
    let claimed = 0;
    budget.reserve(claimId, memoryMb);
    try {
      await this.#untilKnown(stop, () =>
        gate.pass(stop, async (signal) => {
          claimed = await this.#call(claimId, memoryMb, signal);
        }),
      );
    } catch {
      // Refused for certain, or the worker stops: nothing was claimed that anybody would run.
      if (!stop.aborted) onRefused();
    }
    budget.release(claimId);
    onRoom();
    return claimed;
  }

  async #call(claimId: string, memoryMb: number, signal: AbortSignal): Promise<number> {
    const { client, identity, lease, budget, logger, onClaimed, onReservation } = this.#options;
    const sent = lease.mark();
    const request = { ...identity, memoryMb, maxJobs: MOST_JOBS, claimId };
    const { specifications, reservation } = await client.claimNext(request, { signal, timeoutMs: CALL_TIMEOUT_MS });
    if (!lease.covers(sent)) throw tooLate();
    budget.release(claimId);
    for (const message of specifications) {
      const specification = specificationFromMessage(message);
      if (specification !== null) onClaimed(specification);
      else logger.error({ jobId: message.jobId }, 'a claimed job has no specification that can be read');
    }
    onReservation(reservation); // behind the claims: it may let offers take what memory is left
    return specifications.length;
  }

  async #untilKnown(signal: AbortSignal, call: () => Promise<void>): Promise<void> {
    const { clock, random, logger } = this.#options;
    for (let failures = 1; ; failures++) {
      try {
        await call();
        return;
      } catch (error) {
        if (isDefinite(error) || signal.aborted) throw error;
        logger.debug({ error }, 'a request for waiting jobs has no answer; it is repeated');
        await clock.sleep(backoffMs({ failures, firstMs: FIRST_RETRY_MS, mostMs: MOST_RETRY_MS, random }), signal);
      }
    }
  }
}
