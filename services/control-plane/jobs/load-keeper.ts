/** Keeps the counts of active jobs right where a selector looks at them. */
import type { SelectorName } from '../../../core/matching/selectors.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { JobStore } from '../../../core/ports/job-store.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { Service } from '../../../core/ports/service.js';
import { PollLoop } from '../../../core/loops/poll-loop.js';
import type { RegistryKeeper } from '../registry/registry-keeper.js';
import type { ActiveJobs } from './active-jobs.js';

const RECOUNT_MS = 30_000;

/** Options of `LoadKeeper`. */
export interface LoadKeeperOptions {
  readonly active: ActiveJobs;
  readonly keeper: RegistryKeeper;
  readonly store: JobStore;
  /** How clusters are chosen: only `least-loaded` needs counts. */
  readonly selector: SelectorName;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** States: new; counting (`start` counts once, then every 30 s, if the selector needs it); stopped. */
export class LoadKeeper implements Service {
  private readonly loop: PollLoop;

  constructor(private readonly options: LoadKeeperOptions) {
    const { clock, logger } = options;
    this.loop = new PollLoop({
      name: 'load-keeper',
      intervalMs: () => RECOUNT_MS,
      clock,
      logger,
      run: () => this.recount(),
    });
  }

  async start(): Promise<void> {
    if (this.options.selector !== 'least-loaded') return;
    await this.recount();
    await this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  private async recount(): Promise<void> {
    const { active, keeper, store } = this.options;
    await active.recount(
      store,
      keeper.index.list('cluster').map(({ id }) => id),
    );
  }
}
