/** Memory cgroups for jobs, below the group that the launcher is in: of version 1 where its memory hierarchy is mounted and may be written, else of version 2 where the group was delegated. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, succeeds } from '../../../core/errors/system-error.js';
import type { LimitHit } from '../../../core/ports/launcher.js';
import { MIB } from './limit-check.js';

/** Names of the files of a version. */
interface Files {
  readonly limit: string;
  readonly peak: string;
  /** Has a line `oom_kill N`. */
  readonly events: string;
  /** Written first, where they are there. */
  readonly extras: Readonly<Record<string, string>>;
}
const VERSION_1: Files = {
  limit: 'memory.limit_in_bytes',
  peak: 'memory.max_usage_in_bytes',
  events: 'memory.oom_control',
  extras: { 'memory.swappiness': '0' },
};
const VERSION_2: Files = {
  limit: 'memory.max',
  peak: 'memory.peak',
  events: 'memory.events',
  extras: { 'memory.swap.max': '0', 'memory.oom.group': '1' },
};

/** What may go wrong where groups cannot be made. */
const DENIED = ['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'ENOENT', 'EOPNOTSUPP', 'EINVAL', 'ENOSPC', 'ENOTDIR'];

/** The groups of one launcher. */
export class Cgroups {
  private made = 0;

  private constructor(
    private readonly base: string,
    private readonly prefix: string,
    private readonly files: Files,
  ) {}

  /** The groups of the launcher whose marks begin with `owner`; `null` where there is no place for any. */
  static find(this: void, owner: string): Cgroups | null {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map(parseMount);
    const own = readFileSync('/proc/self/cgroup', 'utf8').split('\n').map(parseMembership);
    const first = mounts.find((mount) => mount.type === 'cgroup' && mount.options.includes('memory'));
    const path = own.find(({ controllers }) => controllers.includes('memory'))?.path;
    const prefix = `marid-${owner}-`;
    if (first !== undefined && path !== undefined) return new Cgroups(folderOf(first, path), prefix, VERSION_1);
    const second = mounts.find((mount) => mount.type === 'cgroup2');
    const unified = own.find(({ controllers }) => controllers[0] === '')?.path;
    if (second === undefined || unified === undefined) return null;
    const folder = folderOf(second, unified);
    const base = [folder, dirname(folder)].find((each) => each.startsWith(second.point) && hasMemory(each));
    return base === undefined ? null : new Cgroups(base, prefix, VERSION_2);
  }

  /** A new group with this much memory; throws what the system says. */
  make(memoryMb: number): Cgroup {
    this.made += 1;
    const path = join(this.base, `${this.prefix}${String(process.pid)}-${String(this.made)}`);
    mkdirSync(path);
    const group = new Cgroup(path, this.files, memoryMb);
    try {
      for (const [name, value] of Object.entries(this.files.extras)) {
        if (existsSync(join(path, name))) succeeds(() => writeFileSync(join(path, name), value), ...DENIED);
      }
      writeFileSync(join(path, this.files.limit), String(memoryMb * MIB));
      return group;
    } catch (error) {
      group.remove();
      throw error;
    }
  }

  /** The groups that an earlier launcher of the same folder left. */
  leftOver(): readonly Cgroup[] {
    let names: readonly string[] = [];
    succeeds(
      () => {
        names = readdirSync(this.base).filter((name) => name.startsWith(this.prefix));
      },
      ...DENIED,
    );
    return names.map((name) => new Cgroup(join(this.base, name), this.files, 0));
  }
}

/** The group of one job. */
export class Cgroup {
  constructor(
    /** Its folder. */
    readonly path: string,
    private readonly files: Files,
    private readonly memoryMb: number,
  ) {}

  /** The limit, when the kernel has ended a process because of it. */
  hit(): LimitHit | null {
    const kills = Number(/^oom_kill (\d+)/m.exec(this.read(this.files.events))?.[1] ?? 0);
    return kills === 0
      ? null
      : { limit: 'memory', allowed: this.memoryMb, used: Math.ceil((this.peakBytes ?? 0) / MIB) };
  }

  /** The most memory that was used, page cache included; `null` where the kernel does not tell. */
  get peakBytes(): number | null {
    const bytes = Number.parseInt(this.read(this.files.peak), 10);
    return Number.isNaN(bytes) ? null : bytes;
  }

  /** Its processes. */
  get processIds(): readonly number[] {
    return this.read('cgroup.procs')
      .split('\n')
      .map(Number)
      .filter((id) => id > 0);
  }

  /** Ends every process in it, and removes it when it is empty; false: not yet. */
  remove(): boolean {
    for (const id of this.processIds) succeeds(() => process.kill(id, 'SIGKILL'), 'ESRCH', 'EPERM');
    try {
      rmdirSync(this.path);
      return true;
    } catch (error) {
      return errnoOf(error) === 'ENOENT';
    }
  }

  private read(name: string): string {
    let text = '';
    succeeds(
      () => {
        text = readFileSync(join(this.path, name), 'utf8');
      },
      ...DENIED,
      'ENODEV',
    );
    return text;
  }
}

/** Whether groups below this one have a memory controller, which is asked for here. */
function hasMemory(folder: string): boolean {
  const control = join(folder, 'cgroup.subtree_control');
  succeeds(() => writeFileSync(control, '+memory'), ...DENIED);
  let text = '';
  succeeds(
    () => {
      text = readFileSync(control, 'utf8');
    },
    ...DENIED,
  );
  return text.split(/\s/).includes('memory');
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** A line of mountinfo, see proc(5): the fields behind ` - ` are type, source and options. */
function parseMount(line: string): Mount {
  const [before = '', after = ''] = line.split(' - ');
  const fields = before.split(' ');
  const [type = '', , options = ''] = after.split(' ');
  return { root: fields[3] ?? '', point: fields[4] ?? '', type, options: options.split(',') };
}

function parseMembership(line: string): { readonly controllers: readonly string[]; readonly path: string } {
  const [, controllers = '-', ...path] = line.split(':');
  return { controllers: controllers.split(','), path: path.join(':') };
}

function folderOf({ root, point }: Mount, path: string): string {
  return join(point, root !== '/' && path.startsWith(root) ? path.slice(root.length) : path);
}
