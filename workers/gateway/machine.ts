/** Facts of the machine and the program. */
import { readFileSync } from 'node:fs';
import { hostname, totalmem } from 'node:os';
import { z } from 'zod';

const MIB = 1024 * 1024;
/** Part of the machine's memory that jobs may use by default; the rest is for the system and the worker. */
const DEFAULT_PART = 0.8;

const packageSchema = z.object({ name: z.literal('marid'), version: z.string() });

/** MiB that jobs may reserve when the configuration does not say: 80 % of the machine's, or of the container's if that is less. */
export function defaultMemoryMb(): number {
  const limit = process.constrainedMemory();
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.max(1, Math.floor((bytes * DEFAULT_PART) / MIB));
}

/** Name of the host. */
export function hostName(): string {
  return hostname();
}

/** Version of the program, from the nearest `package.json` of Marid above this file; `unknown` when there is none. */
export function programVersion(): string {
  for (const steps of ['../../', '../../../']) {
    try {
      const text = readFileSync(new URL(`${steps}package.json`, import.meta.url), 'utf8');
      return packageSchema.parse(JSON.parse(text)).version;
    } catch {
      continue;
    }
  }
  return 'unknown';
}
