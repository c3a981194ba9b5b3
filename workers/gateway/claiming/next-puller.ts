/**
 * Asks for waiting jobs when there is room for which no offer was read: so no job waits for an offer that was lost, and jobs start when the log is
 * away. All free memory is reserved for the time of a call; a call without a definite answer is repeated with the same id.
 *
 * States: those of its loop, which calls every 1 to 2 s, after `wake` sooner, and again at once while calls give jobs.
 */
import { PollLoop } from '../../../core/loops/poll-loop.js';
import type { MemoryBudget } from '../../../core/dispatch/budget.js';
import type { JobSpecification } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { Service } from '../../../core/ports/service.js';
import { specificationFromMessage } from '../../../proto/codec/specification.js';
import type { Reservation, WorkerService } from '../../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceClient } from '../../../proto/rpc/service.js';
import { backoffMs } from '../backoff.js';
import type { ClaimGate } from './claim-gate.js';
import type { LeaseKeeper } from '../session/lease-keeper.js';
import { isDefinite, tooLate } from './definite.js';

const LEAST_WAIT_MS = 1_000;
const MOST_JOBS = 256;
const CALL_TIMEOUT_MS = 10_000;
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
  /** Told with each answer for which job the worker is held, or that it is not. */
  readonly onReservation: (reservation: Reservation | undefined) => void;
  /** Called when memory that was reserved for a call is free again. */
  readonly onRoom: () => void;
  /** Called when the control plane refuses: the session may be over. */
  readonly onRefused: () => void;
}

export class NextPuller implements Service {
  readonly #options: NextPullerOptions;
  readonly #loop: PollLoop;
  /** The last run's. */
  #claimed = 0;
  #expectsMore = false;

  constructor(options: NextPullerOptions) {
    this.#options = options;
    const { clock, random, logger } = options;
    const intervalMs = (): number => (this.#claimed > 0 ? 0 : LEAST_WAIT_MS * (1 + random.next()));
    this.#loop = new PollLoop({
      ...{ name: 'next-puller', intervalMs, clock, logger },
      run: (signal) => this.#pullIfIdle(signal),
    });
  }

  async start(): Promise<void> {
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Whether the last call gave something: then there may be more, for which there was no room. */
  get expectsMore(): boolean {
    return this.#expectsMore;
  }

  /** Asks soon. */
  wake(): void {
    this.#loop.wake();
  }

  async #pullIfIdle(signal: AbortSignal): Promise<void> {
    const { budget, gate, isIdle } = this.#options;
    this.#claimed = 0;
    if (!gate.isOpen || budget.freeMb <= 0 || !isIdle()) return;
    this.#claimed = await this.#pull(budget.freeMb, signal);
    this.#expectsMore = this.#claimed > 0;
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
