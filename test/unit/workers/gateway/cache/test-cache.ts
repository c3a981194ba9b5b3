/** A cache over real fetchers and a server with files. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFetchers } from '../../../../../infra/fetch/open-fetchers.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../../../../infra/runtime/system-random.js';
import { DependencyCache } from '../../../../../workers/gateway/cache/dependency-cache.js';
import { workerConfigSchema } from '../../../../../workers/gateway/config.js';
import { FileServer } from '../../../../support/file-server.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { makeTemporaryFolder } from '../../../../support/temporary-folder.js';
import { noBlobs } from '../../../../support/no-blobs.js';

const random = new SystemRandom();
/** Back-offs take no time, and a test can say that time has passed. */
class HastyClock extends SystemClock {
  passedMs = 0;

  override monotonic(): number {
    return super.monotonic() + this.passedMs;
  }

  override sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return super.sleep(1, signal);
  }
}

export class TestCache {
  readonly folder = makeTemporaryFolder();
  readonly clock = new HastyClock();
  readonly logger = new QuietLogger();
  private readonly fetchers: { close(): Promise<void> }[] = [];
  private jobs = 0;

  private constructor(readonly server: FileServer) {}

  static async start(): Promise<TestCache> {
    return new TestCache(await FileServer.start());
  }

  /** A cache, as a new process would open it. */
  async open(config: object = {}, allow: readonly string[] = ['127.0.0.1']): Promise<DependencyCache> {
    const settings = workerConfigSchema.parse({ fetchAllow: allow, cacheFreshMs: 0, ...config });
    const { clock, logger } = this;
    const fetchers = openFetchers(settings, { clock, logger, blobs: noBlobs });
    this.fetchers.push(fetchers);
    const folder = this.path('cache');
    return DependencyCache.open({ folder, fetchers, settings, clock, random, logger });
  }

  /** A new job's folder. */
  job(): string {
    this.jobs += 1;
    const folder = this.path(`job-${this.jobs}`);
    mkdirSync(folder);
    return folder;
  }

  path(name: string): string {
    return join(this.folder.path, name);
  }

  async close(): Promise<void> {
    for (const each of this.fetchers) await each.close();
    await this.server.close();
    this.folder.remove();
  }
}
