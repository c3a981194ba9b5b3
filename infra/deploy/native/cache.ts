/** Things that are made once and kept. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MaridError } from '../../../core/errors/marid-error.js';
import { cacheFolder, timed, type StackContext } from './context.js';

/** One thing in the cache. */
export interface Cached {
  /** Name of its folder; holds the version, so that a new version is a new thing. */
  readonly name: string;
  /** What is being done, for the report. */
  readonly step: string;
  /** Fills an empty folder; the folder gets its name only when this has succeeded. */
  readonly make: (folder: string) => Promise<void>;
}

/** The folder of a thing, made first where it is absent. Processes that ask for the same thing at the same time make it once: the others wait. */
export async function cached(context: StackContext, { name, step, make }: Cached): Promise<string> {
  const cache = cacheFolder(context);
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const release = await lock(join(cache, `${name}.lock`), context.signal);
  try {
    if (existsSync(folder)) return folder;
    const unfinished = await mkdtemp(join(cache, `${name}.unfinished-`));
    try {
      await timed(context, step, () => make(unfinished));
      await rename(unfinished, folder);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    return folder;
  } finally {
    await release();
  }
}

/** Holds an exclusive lock on a file by a small process that ends with this one, so that none is ever left behind. */
async function lock(path: string, signal?: AbortSignal): Promise<() => Promise<void>> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(signal === undefined ? {} : { signal }),
  });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()).once('error', () => resolve()));
  const locked = new Promise<boolean>((resolve) => {
    holder.stdout.once('data', () => resolve(true));
    void ended.then(() => resolve(false));
  });
  if (!(await locked))
    throw new MaridError('UNAVAILABLE', `flock ${path} failed: install util-linux, or make the folder writable.`);
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
