/** Every contender, for the workloads that compare. */
import { InvalidArgumentError } from 'commander';
import { DURABLE_TOY, POSIX_SPAWN } from '../contenders/floors.js';
import { MARID_EMBEDDED, MARID_KAFKA, MARID_NO_ARCHIVES } from '../contenders/marid.js';
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
  MARID_NO_ARCHIVES,
  MARID_KAFKA,
];

/** Those that a list names, in any case. Throws naming one that there is not. */
export function contendersNamed(list: string): readonly Contender[] {
  return list.split(';').map((wanted) => {
    const found = CONTENDERS.find(({ name }) => name.toLowerCase() === wanted.trim().toLowerCase());
    if (found !== undefined) return found;
    const names = CONTENDERS.map(({ name }) => name).join('; ');
    throw new InvalidArgumentError(`There is no "${wanted}"; there are ${names}. Semicolons separate names.`);
  });
}
