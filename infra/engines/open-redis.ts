/** Redis as it is configured; loads the driver. */
import type { Clock } from '../../core/ports/clock.js';
import type { Logger } from '../../core/ports/logger.js';
import { RedisLease } from '../lease/redis/redis-lease.js';
import type { EngineChoice } from './engine-options.js';
import { readCertificates } from './read-certificates.js';

/** Options of `openRedis` beside what is configured. */
export interface OpenRedisOptions {
  /** Put before the names of leases, after the installation. */
  readonly prefix: 'lease' | 'check';
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Connects. Rejects as `RedisLease.connect`, and with `INVALID_ARGUMENT` when the file of certificates holds none. */
export async function openRedis(
  {
    redisUrls: urls,
    redisTlsCaFile,
    installation,
  }: Pick<EngineChoice, 'redisUrls' | 'redisTlsCaFile' | 'installation'>,
  { prefix, ...runtime }: OpenRedisOptions,
): Promise<RedisLease> {
  const ca = redisTlsCaFile === null ? undefined : await readCertificates('redisTlsCaFile', redisTlsCaFile);
  return RedisLease.connect({ urls, ca, keyPrefix: `${installation}:${prefix}:`, ...runtime });
}
