/** What processes use, from `/proc`. Bytes unless a name says otherwise. */
import { readFileSync } from 'node:fs';
import type { ExitResult } from '../../../core/job/job.js';
import { readProcFile, type ProcessStat } from './proc.js';

/** Pages of memory are this large, or larger: then `residentBytes` says too little, and `measure` does not. */
const PAGE_BYTES = 4096;

/** What one or several processes use, and have used. */
export interface Usage {
  /** Resident memory now. */
  readonly residentBytes: number;
  /** Resident memory at its highest; pages that processes share count for each. */
  readonly peakMemoryBytes: number;
  /** CPU time of theirs and of the children that they waited for. */
  readonly cpuTimeMs: number;
  /** Bytes that they and the children they waited for read and wrote by system calls: files, pipes and terminals. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** How many there are. */
  readonly processes: number;
}

/** The use of processes together; `null` when none can be measured any more. */
export function measure(stats: readonly ProcessStat[]): Usage | null {
  const each = stats.flatMap((stat) => measureOne(stat) ?? []);
  if (each.length === 0) return null;
  const sum = (of: (usage: Usage) => number): number => each.reduce((total, usage) => total + of(usage), 0);
  const residentBytes = sum((usage) => usage.residentBytes);
  return {
    residentBytes,
    peakMemoryBytes: Math.max(residentBytes, ...each.map((usage) => usage.peakMemoryBytes)),
    cpuTimeMs: sum((usage) => usage.cpuTimeMs),
    bytesRead: sum((usage) => usage.bytesRead),
    bytesWritten: sum((usage) => usage.bytesWritten),
    processes: stats.length,
  };
}

/** The higher of each: processes that have gone take their use with them. */
export function highest(before: Usage | null, now: Usage | null): Usage | null {
  if (before === null || now === null) return before ?? now;
  return {
    residentBytes: now.residentBytes,
    peakMemoryBytes: Math.max(before.peakMemoryBytes, now.peakMemoryBytes),
    cpuTimeMs: Math.max(before.cpuTimeMs, now.cpuTimeMs),
    bytesRead: Math.max(before.bytesRead, now.bytesRead),
    bytesWritten: Math.max(before.bytesWritten, now.bytesWritten),
    processes: now.processes,
  };
}

/** The part of an exit that tells what was used. */
export type MeasuredUse = Pick<ExitResult, 'peakMemoryBytes' | 'cpuTimeMs' | 'bytesRead' | 'bytesWritten'>;

/** A use as an exit tells it. `peakBytes`: of the job's cgroup, which missed nothing. */
export function usedBy(usage: Usage | null, peakBytes: number | null): MeasuredUse {
  if (usage === null) return { peakMemoryBytes: peakBytes, cpuTimeMs: null };
  const { peakMemoryBytes, cpuTimeMs, bytesRead, bytesWritten } = usage;
  return { peakMemoryBytes: peakBytes ?? peakMemoryBytes, cpuTimeMs, bytesRead, bytesWritten };
}

/** Resident memory of a process: much cheaper than `measure`. 0 when it is gone. */
export function residentBytes(processId: number): number {
  const pages = readProcFile(processId, 'statm')?.split(' ')[1];
  return pages === undefined ? 0 : Number(pages) * PAGE_BYTES;
}

/** Memory in which a page that n processes share counts 1/n for each: exact, and costs milliseconds for each GB. `null`: not to be had. */
export function proportionalBytes(processId: number): number | null {
  const found = /^Pss:\s+(\d+) kB/m.exec(readProcFile(processId, 'smaps_rollup') ?? '');
  return found === null ? null : Number(found[1]) * 1024;
}

/** Threads of the whole machine: one small read. */
export function threadsOfMachine(): number {
  return Number(/\/(\d+)/.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1] ?? 0);
}

function measureOne({ processId, cpuTimeMs }: ProcessStat): Usage | null {
  const status = readProcFile(processId, 'status') ?? '';
  const [resident, peak] = [numberIn(status, 'VmRSS'), numberIn(status, 'VmHWM')];
  if (resident === null || peak === null) return null;
  const io = readProcFile(processId, 'io') ?? '';
  return {
    residentBytes: resident * 1024,
    peakMemoryBytes: peak * 1024,
    cpuTimeMs,
    bytesRead: numberIn(io, 'rchar') ?? 0,
    bytesWritten: numberIn(io, 'wchar') ?? 0,
    processes: 1,
  };
}

function numberIn(text: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text);
  return found === null ? null : Number(found[1]);
}
