/**
 * Claims the jobs of offers: memory first, then the call. What is asked for while a call is under way goes together in the next one. A call
 * without a definite answer is repeated with the same claim ids; nothing starts before.
 *
 * States: idle (nothing pending), calling, waiting to repeat, stopped. `#run` is the one place of change.
 */
import type { MemoryBudget } from '../../../core/dispatch/budget.js';
import type { JobSpecification } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import { specificationFromMessage } from '../../../proto/codec/specification.js';
import { ClaimOutcome, type ClaimResult, type WorkerService } from '../../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceClient } from '../../../proto/rpc/service.js';
import { backoffMs } from '../backoff.js';
import type { ClaimGate } from './claim-gate.js';
import type { LeaseKeeper } from '../session/lease-keeper.js';
import { isDefinite, tooLate } from './definite.js';

/** Most claims of one call, by the contract. */
const MOST_CLAIMS = 256;
const CALL_TIMEOUT_MS = 10_000;
const FIRST_RETRY_MS = 100;
const MOST_RETRY_MS = 5_000;

/** Options of `Claimer`. */
export interface ClaimerOptions {
  readonly client: ServiceClient<typeof WorkerService>;
  readonly identity: { readonly workerId: string; readonly session: string };
  readonly budget: MemoryBudget;
  readonly gate: ClaimGate;
  readonly lease: Pick<LeaseKeeper, 'mark' | 'covers'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Takes over what was claimed, with the key of its memory. */
  readonly onClaimed: (specification: JobSpecification, memoryKey: string) => void;
  /** Called when the control plane refuses: the session may be over. */
  readonly onRefused: () => void;
  /** Called when memory that was reserved for a claim is free again. */
  readonly onRoom: () => void;
}

/** A job to claim. */
export interface WantedJob {
  readonly jobId: string;
  /** MiB. */
  readonly memoryMb: number;
  /** Called once, when it is known what became of the claim. */
  readonly settled: () => void;
}

export class Claimer {
  readonly #options: ClaimerOptions;
  readonly #stop = new AbortController();
  /** By claim id, in the order of the wishes. */
  readonly #pending = new Map<string, WantedJob>();
  readonly #jobs = new Set<string>();
  #running: Promise<void> | null = null;

  constructor(options: ClaimerOptions) {
    this.#options = options;
  }

  /** Claims that have no answer yet. */
  get size(): number {
    return this.#pending.size;
  }

  /** Whether a claim of the job has no answer yet. */
  isClaiming(jobId: string): boolean {
    return this.#jobs.has(jobId);
  }

  /** Reserves memory and asks for the job. False, and nothing done, when it does not fit. */
  claim(wanted: WantedJob): boolean {
    const { budget, random } = this.#options;
    const claimId = random.id();
    if (!budget.reserve(claimId, wanted.memoryMb)) return false;
    this.#pending.set(claimId, wanted);
    this.#jobs.add(wanted.jobId);
    this.#running ??= this.#run();
    return true;
  }

  /** Resolves when every claim has its answer, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    const giveUp = new AbortController();
    await Promise.race([this.#running ?? Promise.resolve(), this.#options.clock.sleep(timeoutMs, giveUp.signal)]);
    giveUp.abort();
  }

  /** Asks for nothing any more; claims without an answer are decided by the control plane when the worker registers again. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { gate, clock, random, logger } = this.#options;
    const { signal } = this.#stop;
    // Lets the offers of one turn of the event loop share a call.
    await Promise.resolve();
    for (let failures = 0; this.#pending.size > 0 && !signal.aborted;) {
      const batch = [...this.#pending.keys()].slice(0, MOST_CLAIMS);
      try {
        await gate.pass(signal, (round) => this.#call(batch, round));
        failures = 0;
      } catch (error) {
        if (isDefinite(error)) this.#refused(batch);
        else if (gate.isOpen && !signal.aborted) {
          failures += 1;
          const waitMs = backoffMs({ failures, firstMs: FIRST_RETRY_MS, mostMs: MOST_RETRY_MS, random });
          logger.warn({ error, claims: batch.length, waitMs }, 'claims have no answer; they are repeated');
          await clock.sleep(waitMs, signal);
        }
      }
    }
    this.#running = null;
  }

  async #call(batch: readonly string[], signal: AbortSignal): Promise<void> {
    const { client, identity, lease } = this.#options;
    const claims = batch.flatMap((claimId) => {
      const wanted = this.#pending.get(claimId);
      return wanted === undefined ? [] : [{ jobId: wanted.jobId, claimId }];
    });
    const sent = lease.mark();
    const { results } = await client.claim({ ...identity, claims }, { signal, timeoutMs: CALL_TIMEOUT_MS });
    if (!lease.covers(sent)) throw tooLate();
    for (const result of results) this.#answered(result);
  }

  #answered(result: ClaimResult): void {
    const { logger, onClaimed, onRefused } = this.#options;
    if (result.outcome !== ClaimOutcome.CLAIMED) {
      this.#settle(result.claimId, true);
      if (result.outcome === ClaimOutcome.REFUSED) onRefused();
      return;
    }
    const { specification } = result;
    const known = specification === undefined ? null : specificationFromMessage(specification);
    if (known === null) logger.error({ jobId: result.jobId }, 'a claimed job has no specification that can be read');
    else if (this.#pending.has(result.claimId)) onClaimed(known, result.claimId);
    this.#settle(result.claimId, known === null);
  }

  #refused(batch: readonly string[]): void {
    for (const claimId of batch) this.#settle(claimId, true);
    this.#options.onRefused();
  }

  #settle(claimId: string, free: boolean): void {
    const wanted = this.#pending.get(claimId);
    if (wanted === undefined) return;
    this.#pending.delete(claimId);
    this.#jobs.delete(wanted.jobId);
    wanted.settled();
    if (!free) return;
    this.#options.budget.release(claimId);
    this.#options.onRoom();
  }
}
