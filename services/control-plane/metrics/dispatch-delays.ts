/** How long jobs wait for a worker. */
import { Histogram } from '../../../core/metrics/histogram.js';
import type { Metric } from '../../../core/metrics/metric.js';
import type { JobChange } from '../jobs/job-repository.js';

/** Seconds. */
const BOUNDS = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800] as const;

/** Counts the claims that this control plane has given. */
export class DispatchDelays {
  readonly #waits = new Histogram('pool', BOUNDS);

  /** Called for every committed change. */
  committed({ before, after }: JobChange): void {
    if (after.status !== 'CLAIMED' || before?.status === 'CLAIMED') return;
    const [accepted, claimed] = after.history.slice(-2);
    if (accepted?.to !== 'ACCEPTED' || claimed === undefined) return;
    this.#waits.observe(after.request.pool, Math.max(0, claimed.at - accepted.at) / 1000);
  }

  /** The counts so far. */
  metric(): Metric {
    return {
      name: 'marid_dispatch_delay_seconds',
      help: 'Time from ACCEPTED to CLAIMED of the claims that this control plane gave.',
      type: 'histogram',
      samples: this.#waits.samples(),
    };
  }
}
