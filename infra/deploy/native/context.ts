/** What every part of the native stack is handed. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../core/ports/clock.js';

/** What the parts of the native stack share. */
export interface StackContext {
  /** Environment of the tools and servers, and where `XDG_CACHE_HOME` is read from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Told what is being done and how long it took, one line each, for people. */
  readonly report: (line: string) => void;
  /** Ends tools that run. Default: none. */
  readonly signal?: AbortSignal;
}

/** The folder that keeps what was downloaded or built: `$XDG_CACHE_HOME/marid/native`, else `~/.cache/marid/native`. */
export function cacheFolder({ environment }: StackContext): string {
  const base = environment['XDG_CACHE_HOME'] ?? join(environment['HOME'] ?? homedir(), '.cache');
  return join(base, 'marid', 'native');
}

/** Path of a file of the sources, from their root, also when the compiled code runs from `dist`. */
export function sourceFile(...names: readonly string[]): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, ...names);
}

/** Short fingerprint of what a cached thing was made from. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Does a step and reports its duration; a step that fails is reported by whoever catches. */
export async function timed<T>(context: StackContext, what: string, work: () => Promise<T>): Promise<T> {
  const start = context.clock.monotonic();
  const result = await work();
  context.report(`${what}: ${((context.clock.monotonic() - start) / 1000).toFixed(1)} s`);
  return result;
}
