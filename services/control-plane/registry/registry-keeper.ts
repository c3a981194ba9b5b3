/** The registry in memory, kept fresh. */
import { RegistryIndex } from '../../../core/matching/registry-index.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import type { RegistryStore } from '../../../core/ports/registry-store.js';
import type { Service } from '../../../core/ports/service.js';
import type { ResourceByKind, ResourceKind } from '../../../core/registry/resource.js';
import { PollLoop } from '../../../core/loops/poll-loop.js';

/** How often the writes of others are looked for: at most this stale, and the time of a load. */
const POLL_MS = 500;

/** Options of `RegistryKeeper`. */
export interface RegistryKeeperOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Change = (index: RegistryIndex) => void;

/**
 * States: new (empty index); following (`start` loads everything, then the revision is polled and everything is loaded again when it has grown);
 * stopped. Own writes are applied at once (`put`, `remove`), also to an index that is just being loaded.
 */
export class RegistryKeeper implements Service {
  private current = RegistryIndex.of({ revision: 0, applications: [], commands: [], clusters: [] });
  /** Own writes since the load under way began; `null` when none is under way. */
  private sinceLoad: Change[] | null = null;
  private readonly polling: PollLoop;
  private checking: Promise<void> | null = null;
  private nextCheck: Promise<void> | null = null;

  constructor(private readonly options: RegistryKeeperOptions) {
    const { clock, logger } = options;
    this.polling = new PollLoop({
      ...{ name: 'registry-keeper', intervalMs: () => POLL_MS, clock, logger },
      run: () => this.refresh(),
    });
  }

  /** The registry as it is known now. Do not keep it: a newer one may take its place. */
  get index(): RegistryIndex {
    return this.current;
  }

  async start(): Promise<void> {
    await this.load();
    await this.polling.start();
  }

  async stop(): Promise<void> {
    await this.polling.stop();
  }

  /** Applies an own write; an older one than what is known changes nothing. */
  put<K extends ResourceKind>(kind: K, resource: ResourceByKind[K]): void {
    this.apply((index) => {
      const known = index.get(kind, resource.id);
      if (known === null || known.revision < resource.revision || known.createdAt < resource.createdAt) {
        index.put(kind, resource);
      }
    });
  }

  /** Applies an own deletion. */
  remove(kind: ResourceKind, id: string): void {
    this.apply((index) => {
      index.remove(kind, id);
    });
  }

  /** Loads the registry if somebody has written to it. */
  async refresh(): Promise<void> {
    if ((await this.options.store.revision()) > this.current.revision) await this.load();
  }

  /**
   * Resolves when the index has everything that was committed before the call, at any control plane: a caller that registered something there may use it here.
   * Calls that come while one check is under way share the next.
   */
  fresh(): Promise<void> {
    this.nextCheck ??= this.checkNext();
    return this.nextCheck;
  }

  private async checkNext(): Promise<void> {
    await this.checking?.catch(() => undefined);
    const checking = this.refresh();
    this.checking = checking;
    this.nextCheck = null;
    await checking;
  }

  private apply(change: Change): void {
    change(this.current);
    this.sinceLoad?.push(change);
  }

  private async load(): Promise<void> {
    const changes: Change[] = [];
    this.sinceLoad = changes;
    try {
      const index = RegistryIndex.of(await this.options.store.load());
      for (const change of changes) change(index);
      this.current = index;
    } finally {
      this.sinceLoad = null;
    }
  }
}
