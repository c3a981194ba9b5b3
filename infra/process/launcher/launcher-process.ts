/** Starting a launcher process that outlives its starter. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { succeeds } from '../../../core/errors/system-error.js';

/** A log that has grown beyond this many bytes is begun anew. */
const LOG_LIMIT = 1024 * 1024;
/** Small on purpose: without the optimizing compiler a launcher is 4 MB smaller and, being busy in the kernel, no slower. */
const NODE_FLAGS = [
  '--no-warnings',
  '--max-old-space-size=64',
  '--max-semi-space-size=1',
  '--v8-pool-size=1',
  '--no-opt',
  '--single-threaded-gc',
];
/** The whole environment of a launcher; it uses no thread pool. */
const ENVIRONMENT = { UV_THREADPOOL_SIZE: '1' };

/** What to start. */
export interface LauncherProcessOptions {
  /** The launcher's folder, which exists. */
  readonly folder: string;
  /** The launcher's compiled `main.js`. */
  readonly entry: string;
  /** See `ConnectLauncherOptions.idleMs`. */
  readonly idleMs: number;
  /** See `ConnectLauncherOptions.leaseMs`. */
  readonly leaseMs: number;
}

/** A launcher that was started and may not listen yet. */
export interface StartedLauncher {
  /** Its exit, `null` while it runs. */
  readonly ended: () => string | null;
  /** Path of its log. */
  readonly log: string;
}

/** Starts a launcher in a session of its own, with hardly an environment, so that nothing of the worker's reaches a job. */
export function startLauncherProcess(options: LauncherProcessOptions): StartedLauncher {
  const log = join(options.folder, 'launcher.log');
  const descriptor = openSync(log, isLarge(log) ? 'w' : 'a', 0o600);
  const parameters = [options.folder, String(options.idleMs), String(options.leaseMs)];
  let ended: string | null = null;
  const child = spawn(process.execPath, [...NODE_FLAGS, options.entry, ...parameters], {
    cwd: '/',
    env: ENVIRONMENT,
    detached: true,
    stdio: ['ignore', descriptor, descriptor],
  });
  closeSync(descriptor);
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = signal ?? `exit code ${String(code)}`));
  child.unref();
  return { ended: () => ended, log };
}

/** The compiled entry: beside this file, or in `dist/` when this file runs from its source; `null` when there is none, or no more. */
export function findLauncherEntry(): string | null {
  const candidates = ['./main.js', '../../../dist/infra/process/launcher/main.js'];
  const paths = candidates.map((candidate) => fileURLToPath(new URL(candidate, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? null;
}

function isLarge(path: string): boolean {
  let large = false;
  succeeds(() => {
    large = statSync(path).size > LOG_LIMIT;
  }, 'ENOENT');
  return large;
}
