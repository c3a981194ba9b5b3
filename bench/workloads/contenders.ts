/** Every contender, for the workloads that compare. */
import { DURABLE_TOY, POSIX_SPAWN } from '../contenders/floors.js';
import { MARID_EMBEDDED, MARID_KAFKA } from '../contenders/marid.js';
import { BULL_MQ, CELERY_REDIS, GRAPHILE } from '../contenders/peers.js';
import { TEMPORAL_DEV } from '../contenders/temporal.js';
import type { Contender } from '../harness/contender.js';

/** In the order of the tables. */
export const CONTENDERS: readonly Contender[] = [
  POSIX_SPAWN,
  DURABLE_TOY,
  BULL_MQ,
  GRAPHILE,
  CELERY_REDIS,
  TEMPORAL_DEV,
  MARID_EMBEDDED,
  MARID_KAFKA,
];

/** Those that were named, in any case; all when none was. Throws naming one that there is not. */
export function contendersNamed(names: readonly string[] | undefined): readonly Contender[] {
  if (names === undefined) return CONTENDERS;
  return names.map((wanted) => {
    const found = CONTENDERS.find(({ name }) => name.toLowerCase() === wanted.trim().toLowerCase());
    if (found !== undefined) return found;
    throw new Error(
      `--contenders: there is no "${wanted}"; there are ${CONTENDERS.map(({ name }) => name).join('; ')}`,
    );
  });
}
