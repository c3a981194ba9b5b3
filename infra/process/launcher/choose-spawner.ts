/** Which way of starting programs this machine allows. */
import type { Logger } from '../../../core/ports/logger.js';
import { openLibc } from './libc.js';
import { NodeSpawner } from './node-spawner.js';
import { PosixSpawner } from './posix-spawner.js';
import type { Spawner } from './spawner.js';

/** The quick way, else the one that works everywhere. */
export function chooseSpawner(logger: Logger): Spawner {
  try {
    return new PosixSpawner(openLibc());
  } catch (error) {
    logger.info({ error }, 'posix_spawn cannot be called: programs are started by Node');
    return new NodeSpawner();
  }
}
