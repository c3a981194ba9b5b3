/** What a control plane measures. Jobs, workers and brakes are the same at every control plane of an installation; the rest is its own. */
import { gauge, type Metric } from '../../../core/metrics/metric.js';
import type { SilentWorkers } from '../fleet/silent-workers.js';
import type { WorkerDirectory } from '../fleet/worker-directory.js';
import type { UsageGauges } from '../jobs/usage-gauges.js';
import type { Leader } from '../leader/leader.js';
import type { Projector } from '../projection/projector.js';
import type { DispatchDelays } from './dispatch-delays.js';
import { usageMetrics } from './usage-metrics.js';

const BYTES_PER_MB = 1024 * 1024;

/** Options of `ControlPlaneMetrics`. */
export interface ControlPlaneMetricsOptions {
  readonly gauges: UsageGauges;
  readonly directory: WorkerDirectory;
  readonly silent: SilentWorkers;
  readonly leader: Leader;
  readonly projector: Projector;
  readonly delays: DispatchDelays;
  /** Version of the program. */
  readonly version: string;
}

export class ControlPlaneMetrics {
  constructor(private readonly options: ControlPlaneMetricsOptions) {}

  /** Everything, now. Rejects when the store cannot be read. */
  async collect(): Promise<readonly Metric[]> {
    const { gauges, silent, delays, version } = this.options;
    const [{ usage }, brakes] = await Promise.all([gauges.current(), silent.brakes()]);
    const held = brakes.map(({ pool, silent: value }) => ({ labels: { pool }, value }));
    return [
      gauge('marid_info', 'Always 1; the version is a label.', [{ labels: { version }, value: 1 }]),
      ...usageMetrics(usage),
      ...this.workerMetrics(),
      gauge('marid_expiry_brake_workers', 'Silent workers of pools whose expiry brake holds.', held),
      ...this.leaderMetrics(),
      delays.metric(),
      this.eventMetric(),
    ];
  }

  private workerMetrics(): readonly Metric[] {
    const { directory } = this.options;
    const all = directory.list().map((worker) => ({ ...worker, ...worker.record, state: directory.stateOf(worker) }));
    const states = all.map(({ pool, state }) => ({ labels: { pool, state: state.toLowerCase() }, value: 1 }));
    const alive = all.filter(({ state }) => state === 'ACTIVE' || state === 'DRAINING');
    const budgets = alive.map((each) => ({ labels: { pool: each.pool }, value: each.memoryBudgetMb * BYTES_PER_MB }));
    const free = alive.map((each) => ({ labels: { pool: each.pool }, value: each.memoryFreeMb * BYTES_PER_MB }));
    return [
      gauge('marid_workers', 'Workers by pool and state.', states),
      gauge('marid_worker_memory_bytes', 'Memory that workers in service may reserve.', budgets),
      gauge('marid_worker_free_memory_bytes', 'Memory of workers in service that no job holds.', free),
    ];
  }

  private leaderMetrics(): readonly Metric[] {
    const { term } = this.options.leader;
    return [
      gauge('marid_leader', 'Whether this control plane leads.', [{ value: term === null ? 0 : 1 }]),
      gauge('marid_leader_term', 'Term in which it leads; 0 when it does not.', [{ value: term ?? 0 }]),
    ];
  }

  private eventMetric(): Metric {
    const { applied, stale, poison } = this.options.projector.counts;
    const outcomes = { applied, stale, unreadable: poison };
    return {
      name: 'marid_worker_events_total',
      help: 'Events of workers by what became of them; stale ones came late and were dropped.',
      type: 'counter',
      samples: Object.entries(outcomes).map(([outcome, value]) => ({ labels: { outcome }, value })),
    };
  }
}
