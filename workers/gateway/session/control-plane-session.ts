/**
 * Keeps the worker registered and its lease renewed. Only answers count, from the time when their call was sent, and beats that the log acknowledges (`Beats`); each extends the
 * launcher's deadlines.
 *
 * States: apart (not registered; claims are held back) -> registered (renews at each heartbeat interval) -> apart when the control plane does
 * not know the session; superseded (another process of this worker has the launcher, or has registered later: this one claims and renews no more, and is to end); stopped. While the control plane is away the state stays and calls are repeated. `#turn` is the one place of change.
 */
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type { AttemptReference } from '../../../core/job/job.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Random } from '../../../core/ports/random.js';
import type { Service } from '../../../core/ports/service.js';
import { attemptReferenceFromMessage, attemptReferenceToMessage } from '../../../proto/codec/specification.js';
import { fromDuration } from '../../../proto/codec/time.js';
import type { Reservation, SyncResponse, WorkerService } from '../../../proto/gen/marid/v1/worker_service_pb.js';
import type { ServiceClient } from '../../../proto/rpc/service.js';
import { backoffMs } from '../backoff.js';
import type { ClaimGate } from '../claiming/claim-gate.js';
import type { LeaseKeeper } from './lease-keeper.js';

const DEFAULT_HEARTBEAT_MS = 5_000;
const DEFAULT_TTL_MS = 120_000;
const CALL_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 200;
/** Heartbeat intervals after which a renewal that was not answered is made up for by beats. */
const MOST_INTERVALS = 1.5;

/** What the worker says of itself at a registration. */
export interface WorkerDescription {
  readonly workerId: string;
  readonly session: string;
  readonly pool: string;
  readonly host: string;
  /** `host:port` of its own server. */
  readonly address: string;
  readonly memoryBudgetMb: number;
  readonly version: string;
}

/** Options of `ControlPlaneSession`. */
export interface ControlPlaneSessionOptions {
  readonly client: ServiceClient<typeof WorkerService>;
  readonly worker: WorkerDescription;
  readonly gate: ClaimGate;
  readonly lease: LeaseKeeper;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** MiB that are not claimed. */
  readonly memoryFreeMb: () => number;
  /** Partitions of the pool's topic that it reads. */
  readonly partitions: () => readonly number[];
  /** Attempts that are held. */
  readonly held: () => readonly AttemptReference[];
  /** The same, and those that have just been finished. */
  readonly recentlyHeld: () => readonly AttemptReference[];
  /** Ends an attempt whose kill was asked for. */
  readonly onKill: (reference: AttemptReference) => void;
  /** Ends an attempt that is not the worker's any more. */
  readonly onLost: (reference: AttemptReference) => void;
  /** Sends the last event of an attempt again. */
  readonly onRepeat: (reference: AttemptReference) => void;
  /** Called when the worker may claim from now on, or may not read offers any more. */
  readonly onReady: () => void;
  /** Called when the control plane did not answer: what else was asked of it may wait in vain. */
  readonly onAway: () => void;
  /** Called when another process has taken this worker's place. `STALE_SESSION`, with what to do. */
  readonly onSuperseded: (why: MaridError) => void;
}

type Orders = Pick<SyncResponse, 'lost' | 'kills' | 'repeats' | 'draining'>;

export class ControlPlaneSession implements Service {
  readonly #options: ControlPlaneSessionOptions;
  readonly #stop = new AbortController();
  #registered = false;
  /** Whether it ever was: until then, a later session in its place may be one of a clock that was set back. */
  #wasRegistered = false;
  /** Whether another process has registered in its place. */
  #replaced = false;
  #draining = false;
  #reservation: Reservation | null = null;
  #heartbeatMs = DEFAULT_HEARTBEAT_MS;
  #syncSuffices = false;
  #claimNextWaits = false;
  /** When a call was answered last, on the monotonic clock. */
  #answeredAt = 0;
  #wake = new AbortController();
  #running: Promise<void> | null = null;

  constructor(options: ControlPlaneSessionOptions) {
    this.#options = options;
  }

  /** Whether the worker may claim. */
  get mayClaim(): boolean {
    return this.#registered && !this.#draining && !this.#superseded && !this.#stop.signal.aborted;
  }

  /** Memory that the job needs for which the control plane holds this worker, in MiB; `null`: it is not held. */
  get reservedMb(): number | null {
    return this.#reservation?.memoryMb ?? null;
  }

  /** The job for which the control plane holds this worker; `null`: it is not held. */
  get reservedFor(): string | null {
    return this.#reservation?.jobId ?? null;
  }

  /** The control plane has told for which job it holds this worker, or that it does not. */
  reserved(reservation: Reservation | undefined): void {
    const before = this.#reservation;
    this.#reservation = reservation ?? null;
    if ((before === null) !== (this.#reservation === null)) this.#options.onReady();
  }

  /** Whether beats are to say what renewals do not: for other control planes, or because renewals are not answered. Nobody listens to those of a worker that was never registered. */
  get needsBeats(): boolean {
    if (!this.#wasRegistered) return false;
    const sinceMs = this.#options.clock.monotonic() - this.#answeredAt;
    return !this.#syncSuffices || sinceMs > MOST_INTERVALS * this.#heartbeatMs;
  }

  /** Whether the control plane holds calls for waiting jobs until there are some. */
  get claimNextWaits(): boolean {
    return this.#claimNextWaits;
  }

  /** How often to beat, in milliseconds. */
  get heartbeatMs(): number {
    return this.#heartbeatMs;
  }

  async start(): Promise<void> {
    if (!this.#stop.signal.aborted) this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#running;
  }

  /** Renews soon instead of at the next interval: something looked as if the session were over. */
  refresh(): void {
    this.#wake.abort();
  }

  /** The last word: the worker ends, and holds nothing any more. */
  async farewell(): Promise<void> {
    const { client, worker, memoryFreeMb, logger } = this.#options;
    const { workerId, session } = worker;
    if (!this.#registered || this.#superseded) return;
    try {
      const request = { workerId, session, held: [], memoryFreeMb: memoryFreeMb(), stopping: true };
      await client.sync(request, { timeoutMs: CALL_TIMEOUT_MS });
    } catch (error) {
      logger.debug({ error }, 'the control plane could not be told that the worker ends');
    }
  }

  async #run(): Promise<void> {
    const { clock, random, logger, worker, onAway, onSuperseded } = this.#options;
    for (let failures = 0; !this.#stop.signal.aborted && !this.#superseded;) {
      this.#wake = new AbortController();
      let waitMs = 0;
      try {
        await this.#turn();
        failures = 0;
        this.#answeredAt = clock.monotonic();
        waitMs = this.#registered ? this.#heartbeatMs : 0;
      } catch (error) {
        failures += 1;
        if (this.#superseded) break;
        waitMs = backoffMs({ failures, firstMs: FIRST_RETRY_MS, mostMs: this.#heartbeatMs, random });
        logger.warn({ error, waitMs }, 'the control plane does not answer; trying again');
        onAway();
      }
      await clock.sleep(waitMs, failures > 0 ? this.#stop.signal : this.#wake.signal);
    }
    if (!this.#superseded) return;
    const why = this.#replaced ? replaced(worker.workerId) : takenOver(worker.workerId);
    logger.error({ error: why }, 'another process has taken the place of this worker');
    onSuperseded(why);
  }

  get #superseded(): boolean {
    return this.#options.lease.superseded || this.#replaced;
  }

  /** A registration or a renewal. Rejects when there is no answer. */
  async #turn(): Promise<void> {
    if (!this.#registered) {
      await this.#register();
      return;
    }
    try {
      await this.#sync();
    } catch (error) {
      if (!isMaridError(error) || (error.code !== 'STALE_SESSION' && error.code !== 'NOT_FOUND')) throw error;
      this.#registered = false;
    }
  }

  async #register(): Promise<void> {
    const { client, worker, gate, lease, recentlyHeld, logger, onReady } = this.#options;
    await gate.close();
    await lease.tell();
    if (lease.superseded) return;
    const sent = lease.mark();
    const held = recentlyHeld().map(attemptReferenceToMessage);
    const answer = await client.registerWorker({ ...worker, held }, this.#callOptions()).catch((error: unknown) => {
      this.#replaced = this.#wasRegistered && isMaridError(error) && error.code === 'STALE_SESSION';
      throw error;
    });
    this.#heartbeatMs = fromDuration(answer.heartbeatInterval) ?? DEFAULT_HEARTBEAT_MS;
    this.#syncSuffices = answer.syncSuffices;
    this.#claimNextWaits = answer.claimNextWaits;
    this.#obey(answer);
    await lease.renewed(sent, fromDuration(answer.leaseTtl) ?? DEFAULT_TTL_MS);
    this.#registered = true;
    this.#wasRegistered = true;
    logger.info({ worker: worker.workerId, pool: worker.pool, held: held.length }, 'registered with the control plane');
    gate.open();
    onReady();
  }

  async #sync(): Promise<void> {
    const { client, worker, lease, held, memoryFreeMb, partitions, logger, onReady } = this.#options;
    const { workerId, session } = worker;
    const sent = lease.mark();
    const request = {
      ...{ workerId, session, held: held().map(attemptReferenceToMessage) },
      ...{ memoryFreeMb: memoryFreeMb(), stopping: false },
      ...{ insteadOfBeat: this.#syncSuffices, partitions: [...partitions()] },
    };
    const answer = await client.sync(request, this.#callOptions());
    if (!answer.sessionCurrent) {
      logger.warn({ worker: workerId }, 'the session is over; registering again');
      this.#registered = false;
      return;
    }
    const wasDraining = this.#draining;
    this.#obey(answer);
    this.reserved(answer.reservation);
    await lease.renewed(sent, null);
    if (wasDraining && !this.#draining) onReady();
  }

  /** Before the launcher hears of the renewal: under a lease that has run out nothing starts, so nothing that was lost can slip in. */
  #obey({ lost, kills, repeats, draining }: Orders): void {
    const { onKill, onLost, onRepeat } = this.#options;
    this.#draining = draining;
    for (const message of lost) onLost(attemptReferenceFromMessage(message));
    for (const message of kills) onKill(attemptReferenceFromMessage(message));
    for (const message of repeats) onRepeat(attemptReferenceFromMessage(message));
  }

  #callOptions(): { readonly timeoutMs: number; readonly signal: AbortSignal } {
    return { timeoutMs: CALL_TIMEOUT_MS, signal: this.#stop.signal };
  }
}

function takenOver(workerId: string): MaridError {
  const message = `Another process has taken over worker ${workerId} and its jobs; this one ends. Run one worker only on a state folder.`;
  return new MaridError('STALE_SESSION', message, { facts: { worker_id: workerId } });
}

function replaced(workerId: string): MaridError {
  const message =
    `Another process has registered as worker ${workerId} and takes its place; this one ends, and so do its jobs when its lease is over. ` +
    'If the state folder is a copy, delete the file worker-id in it.';
  return new MaridError('STALE_SESSION', message, { facts: { worker_id: workerId } });
}
