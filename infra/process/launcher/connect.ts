/** How a worker gets to its launcher. */
import { join, resolve } from 'node:path';
import { errnoOf } from '../../../core/errors/system-error.js';
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import type { Clock } from '../../../core/ports/clock.js';
import type { Logger } from '../../../core/ports/logger.js';
import { findKeptCode, keepCode } from './kept-code.js';
import { findLauncherEntry, startLauncherProcess, type StartedLauncher } from './launcher-process.js';
import { SocketFolder } from './socket-folder.js';
import { SocketLauncher } from './socket-launcher.js';

/** How long a launcher may take to answer after it was started, in milliseconds. */
const CONNECT_LIMIT_MS = 20_000;
/** Pause between tries, in milliseconds. */
const RETRY_MS = 5;

/** Options of `connectLauncher`. */
export interface ConnectLauncherOptions {
  /** The worker's state folder: a launcher serves exactly one. Made when it does not exist. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Compiled `main.js` of the launcher. Default: the one beside this file, else the one in `dist/`. */
  readonly entry?: string;
  /** How long a launcher stays with neither worker nor running process, in milliseconds. Default: 10,000. */
  readonly idleMs?: number;
  /** Lease until the first renewal, in milliseconds; processes are terminated at 0.7 and killed at 0.8 of it. Default: 120,000. */
  readonly leaseMs?: number;
}

/**
 * Connects to the launcher of a state folder, and starts one first when none lives; options about its behaviour count for a started one only. Rejects with
 * `UNAVAILABLE` when none can be started, and `UNSUPPORTED` when one of another version lives.
 */
export async function connectLauncher(options: ConnectLauncherOptions): Promise<SocketLauncher> {
  const path = join(resolve(options.stateFolder), 'launcher');
  const folder = openFolder(path);
  try {
    return await connectOrStart(folder, options);
  } finally {
    folder.close();
  }
}

async function connectOrStart(folder: SocketFolder, options: ConnectLauncherOptions): Promise<SocketLauncher> {
  const { clock, logger } = options;
  const giveUpAt = clock.monotonic() + CONNECT_LIMIT_MS;
  let started: StartedLauncher | null = null;
  while (clock.monotonic() < giveUpAt) {
    const launcher = await tryConnect(folder, clock);
    if (launcher !== null) {
      logger.debug({ launcher: launcher.processId, started: started !== null }, 'connected to the launcher');
      return launcher;
    }
    const ended = started?.ended() ?? null;
    if (started !== null && ended !== null && ended !== 'exit code 0') {
      throw new MaridError('UNAVAILABLE', `The launcher ended with ${ended}; see ${started.log}.`);
    }
    if (started === null || ended !== null) started = start(folder, options);
    await clock.sleep(RETRY_MS);
  }
  throw new MaridError('UNAVAILABLE', `No launcher answers in ${folder.path}; see launcher.log there.`);
}

/** A launcher that greets, or `null`: it may be ending just when it is asked. */
async function tryConnect(folder: SocketFolder, clock: Clock): Promise<SocketLauncher | null> {
  const socket = await folder.connect();
  if (socket === null) return null;
  try {
    return await SocketLauncher.greet(socket, clock);
  } catch (error) {
    if (isMaridError(error) && error.code === 'UNAVAILABLE') return null;
    throw error;
  }
}

function start({ path }: SocketFolder, { idleMs, leaseMs, entry, logger }: ConnectLauncherOptions): StartedLauncher {
  return startLauncherProcess({
    folder: path,
    entry: codeOf(path, entry, logger),
    idleMs: idleMs ?? 10_000,
    leaseMs: leaseMs ?? 120_000,
  });
}

/** The program to run: a copy, because this version may be removed while it runs. */
function codeOf(folder: string, given: string | undefined, logger: Logger): string {
  const entry = given ?? findLauncherEntry() ?? findKeptCode(folder);
  if (entry === null) throw new MaridError('UNAVAILABLE', 'The launcher is not compiled: run "npm run build".');
  try {
    return keepCode(folder, entry);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    logger.warn({ error }, "the launcher's code cannot be copied; it runs where it is");
    return entry;
  }
}

function openFolder(path: string): SocketFolder {
  try {
    return SocketFolder.create(path);
  } catch (cause) {
    const reason = errnoOf(cause) ?? 'unknown error';
    throw new MaridError('UNAVAILABLE', `The launcher's folder ${path} cannot be opened: ${reason}.`, { cause });
  }
}
