/** The lease on three Redis servers against the suite of its port. */
import { randomUUID } from 'node:crypto';
import { RedisLease } from '../../../infra/lease/redis/redis-lease.js';
import { SystemClock } from '../../../infra/runtime/system-clock.js';
import { describeEngine } from '../../support/engines.js';
import { QuietLogger } from '../../support/quiet-logger.js';
import { leaseSuite } from '../suites/lease.js';

await describeEngine('redis', (urls) => {
  for (const servers of [urls, urls.slice(0, 1)]) {
    leaseSuite(`redis, servers: ${String(servers.length)}`, async () => {
      const clock = new SystemClock();
      const keyPrefix = `test-${randomUUID()}:`;
      const lease = await RedisLease.connect({ urls: servers, clock, logger: new QuietLogger(), keyPrefix });
      return { lease, elapse: (ms) => clock.sleep(ms), close: () => lease.close() };
    });
  }
});
