/** Tells a worker at once that an attempt is to end. */
import type { Job } from '../../../core/job/job.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import type { NodeDirectory } from './node-directory.js';

const TIMEOUT_MS = 3000;

/** Options of `KillDelivery`. */
export interface KillDeliveryOptions {
  readonly nodes: NodeDirectory;
  readonly logger: Logger;
}

/** Deliveries run in the background: the kill is recorded in the job, so one that fails is repaired by the worker's next sync. */
export class KillDelivery implements Service {
  private readonly underWay = new Set<Promise<void>>();

  constructor(private readonly options: KillDeliveryOptions) {}

  async start(): Promise<void> {
    // nothing runs until there is something to deliver
  }

  /** Waits for the deliveries under way. */
  async stop(): Promise<void> {
    await Promise.all(this.underWay);
  }

  /** Delivers the kill of the job's current attempt; returns at once. */
  deliver(job: Job): void {
    if (job.claim === null) return;
    const delivery = this.send(job.claim.workerId, job).finally(() => this.underWay.delete(delivery));
    this.underWay.add(delivery);
  }

  private async send(workerId: string, { id: jobId, attempt }: Job): Promise<void> {
    try {
      const client = await this.options.nodes.clientOf(workerId);
      await client.killAttempt({ attempt: { jobId, attempt } }, { timeoutMs: TIMEOUT_MS });
    } catch (error) {
      this.options.logger.warn({ error, jobId, workerId }, 'a kill could not be delivered; the next sync repairs it');
    }
  }
}
