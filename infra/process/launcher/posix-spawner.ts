/** Starting programs with `posix_spawn`: the child borrows the launcher's memory until it has become the program, so nothing is copied. */
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { errnoOf, isErrno } from '../../../core/errors/system-error.js';
import { BootClock } from './boot-clock.js';
import { ChildExits } from './child-exits.js';
import type { Libc, NativeFunction } from './libc.js';
import type { Program, RunningChild, Spawner } from './spawner.js';
import { MARK_VARIABLE } from './survey.js';

/** Room for `posix_spawnattr_t`, `posix_spawn_file_actions_t` and `sigset_t`: 336, 80 and 128 bytes in glibc and musl. */
const STRUCTURE_BYTES = 512;
const SIGNAL_SET_BYTES = 128;
/** `POSIX_SPAWN_SETSIGDEF`, `POSIX_SPAWN_SETSIGMASK` and `POSIX_SPAWN_SETSID`. */
const FLAGS = 0x04 | 0x08 | 0x80;
const DEFAULT_PATH = '/bin:/usr/bin';
const SHELL = '/bin/sh';
/** Errors after which a program is looked for in the next folder of PATH, as `execvp` does. */
const LOOK_ON = ['ENOENT', 'EACCES', 'ENOTDIR', 'ESTALE', 'ENODEV', 'ETIMEDOUT'];

/** A list of strings that ends with `null`, as C takes it. */
type Texts = readonly (string | null)[];

/** Needs koffi, and a C library of 2019 or later: else the constructor throws. */
export class PosixSpawner implements Spawner {
  readonly name = 'posix_spawn';
  private readonly exits: ChildExits;
  private readonly clock: BootClock;
  private readonly spawnFile: NativeFunction;
  private readonly initActions: NativeFunction;
  private readonly destroyActions: NativeFunction;
  private readonly addOpen: NativeFunction;
  private readonly addDuplicate: NativeFunction;
  private readonly addDirectory: NativeFunction;
  private readonly attributes: Buffer;
  private readonly actions = Buffer.alloc(STRUCTURE_BYTES);
  private readonly processId = new Int32Array(1);

  constructor(libc: Libc) {
    const actions = 'int posix_spawn_file_actions';
    this.spawnFile = libc.function(
      'int posix_spawn(void *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
    );
    this.initActions = libc.function(`${actions}_init(void *actions)`);
    this.destroyActions = libc.function(`${actions}_destroy(void *actions)`);
    this.addOpen = libc.function(`${actions}_addopen(void *actions, int fd, const char *path, int flags, int mode)`);
    this.addDuplicate = libc.function(`${actions}_adddup2(void *actions, int fd, int as)`);
    this.addDirectory = libc.function(`${actions}_addchdir_np(void *actions, const char *path)`);
    this.attributes = attributesOf(libc);
    this.exits = new ChildExits(libc);
    this.clock = new BootClock(libc);
  }

  /** Everything happens in the call. */
  async spawn(program: Program): Promise<RunningChild> {
    this.check(this.initActions(this.actions));
    try {
      this.prepare(program);
      const before = this.clock.ticks();
      const processId = this.find(program);
      const startTicks = this.clock.ticks() === before ? before : null; // it started in between
      return { processId, startTicks, exited: this.exits.of(processId) };
    } finally {
      this.destroyActions(this.actions);
    }
  }

  private prepare({ directory, output }: Program): void {
    this.check(this.addOpen(this.actions, 0, '/dev/null', 0, 0));
    for (const [index, descriptor] of output.entries()) {
      this.check(this.addDuplicate(this.actions, descriptor, index + 1));
    }
    this.check(this.addDirectory(this.actions, directory));
  }

  /** As `execvp` looks, but in the PATH that the program gets. */
  private find(program: Program): number {
    const variables = [...variablesOf(program), null];
    let refusal = 'ENOENT';
    for (const path of candidatesOf(program)) {
      try {
        return this.execute(path, program, variables);
      } catch (error) {
        if (!isErrno(error, ...LOOK_ON)) throw error;
        if (refusal !== 'EACCES') refusal = errnoOf(error) ?? refusal;
      }
    }
    throw systemError(refusal);
  }

  private execute(path: string, program: Program, variables: Texts): number {
    try {
      return this.call(path, [program.path, ...program.parameters, null], variables);
    } catch (error) {
      if (!isErrno(error, 'ENOEXEC')) throw error;
      return this.call(SHELL, [SHELL, path, ...program.parameters, null], variables);
    }
  }

  private call(path: string, command: Texts, variables: Texts): number {
    this.check(this.spawnFile(this.processId, path, this.actions, this.attributes, command, variables));
    return this.processId[0] ?? 0;
  }

  private check(code: number): void {
    if (code === 0) return;
    const name = Object.entries(constants.errno).find(([, number]) => number === code)?.[0];
    throw systemError(name ?? `error ${String(code)}`);
  }
}

/** A session of its own, no signal blocked, none ignored. */
function attributesOf(libc: Libc): Buffer {
  const of = 'int posix_spawnattr';
  const attributes = Buffer.alloc(STRUCTURE_BYTES);
  libc.function(`${of}_init(void *attributes)`)(attributes);
  libc.function(`${of}_setflags(void *attributes, short flags)`)(attributes, FLAGS);
  libc.function(`${of}_setsigmask(void *attributes, void *set)`)(attributes, Buffer.alloc(SIGNAL_SET_BYTES));
  libc.function(`${of}_setsigdefault(void *attributes, void *set)`)(attributes, Buffer.alloc(SIGNAL_SET_BYTES, 0xff));
  return attributes;
}

function variablesOf({ environment, mark }: Program): readonly string[] {
  const names = Object.keys(environment).filter((name) => name !== MARK_VARIABLE);
  return [...names.map((name) => `${name}=${String(environment[name])}`), `${MARK_VARIABLE}=${mark}`];
}

/** Paths to try. What is certain not to be there is left out, because a try costs as much as a start. */
function candidatesOf({ path, environment }: Program): readonly string[] {
  if (path === '') return [];
  if (path.includes('/')) return [path];
  const folders = (environment['PATH'] ?? DEFAULT_PATH).split(':');
  return folders.map((folder) => (folder === '' ? path : `${folder}/${path}`)).filter(mayExist);
}

/** A path that is not absolute counts from the program's directory. */
function mayExist(path: string): boolean {
  if (!path.startsWith('/')) return true;
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true; // the try tells why not
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
