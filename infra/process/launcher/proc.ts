/** What the kernel says of processes, from `/proc`. Times there are in ticks of 10 ms (USER_HZ is 100 on every Linux). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isErrno } from '../../../core/errors/system-error.js';

/** Milliseconds of a tick. */
const TICK_MS = 10;

/** A process as it was read. */
export interface ProcessStat {
  readonly processId: number;
  /** One letter; `Z` and `X` are dead. */
  readonly state: string;
  readonly parentId: number;
  readonly group: number;
  readonly session: number;
  /** Its own CPU time and that of the children it has waited for. */
  readonly cpuTimeMs: number;
  /** Start in ticks since boot. */
  readonly startTicks: number;
}

/** Reads the text of `/proc/<pid>/stat`; the name in it may hold blanks and parentheses. `null` when it is not one. */
export function parseStat(text: string): ProcessStat | null {
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const number = (index: number): number => Number(fields[index - 3]);
  const stat = {
    processId: Number.parseInt(text, 10),
    state: fields[0] ?? '',
    parentId: number(4),
    group: number(5),
    session: number(6),
    cpuTimeMs: (number(14) + number(15) + number(16) + number(17)) * TICK_MS,
    startTicks: number(22),
  };
  const complete = [stat.processId, stat.group, stat.session, stat.cpuTimeMs, stat.startTicks].every(Number.isInteger);
  return close > 0 && complete ? stat : null;
}

/** A process, dead but unwaited ones too; `null` when there is none with this number. */
export function readStat(processId: number): ProcessStat | null {
  const text = readProcFile(processId, 'stat');
  return text === null ? null : parseStat(text);
}

/** All processes that can be seen. */
export function listStats(): readonly ProcessStat[] {
  return listProcessIds().flatMap((processId) => readStat(processId) ?? []);
}

/** Paths of the files that are the standard output and error of a process. */
export function readOutputs(processId: number): readonly string[] {
  return [1, 2].flatMap((fd) => readOrNull(() => readlinkSync(`/proc/${String(processId)}/fd/${String(fd)}`)) ?? []);
}

/** The value of a variable in the environment that a process was executed with; `null` when it has none, or may not be looked into. */
export function readVariable(processId: number, name: string): string | null {
  const start = `\0${name}=`;
  const text = `\0${readProcFile(processId, 'environ') ?? ''}`;
  const found = text.indexOf(start);
  if (found < 0) return null;
  const end = text.indexOf('\0', found + start.length);
  return text.slice(found + start.length, end < 0 ? undefined : end);
}

/** Names the kernel's boot and the space of process numbers that this process lives in. */
export function readBoot(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
}

/** Descriptors above standard error that a program started from here would get: those that this process inherited itself. */
export function listInheritableDescriptors(): readonly number[] {
  const closeOnExec = 0o2000000;
  return readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((descriptor) => {
      if (descriptor <= 2) return false;
      const flags = /^flags:\s+([0-7]+)/m.exec(readSelfDescriptor(descriptor))?.[1];
      return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
    });
}

function readSelfDescriptor(descriptor: number): string {
  return readOrNull(() => readFileSync(`/proc/self/fdinfo/${String(descriptor)}`, 'utf8')) ?? '';
}

/** Children of the main thread of a process, on kernels that list them. */
export function childrenOf(processId: number): readonly number[] {
  const text = readProcFile(processId, `task/${String(processId)}/children`) ?? '';
  return text
    .split(' ')
    .map(Number)
    .filter((child) => child > 0);
}

/** Text of a file of a process; `null` when the process is gone or may not be looked into. */
export function readProcFile(processId: number, name: string): string | null {
  return readOrNull(() => readFileSync(`/proc/${String(processId)}/${name}`, 'utf8'));
}

/** Numbers of all processes that can be seen. */
export function listProcessIds(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Processes vanish while they are read, and others' may not be looked into: both are absence. */
function readOrNull(read: () => string): string | null {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return null;
    throw error;
  }
}
