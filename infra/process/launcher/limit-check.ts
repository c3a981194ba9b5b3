/** Which limit the use of a job has reached, and how soon to look again. Pure. */
import type { LimitHit, ProcessLimits } from '../../../core/ports/launcher.js';
import type { Usage } from './proc-usage.js';

/** Bytes of a MiB. */
export const MIB = 1024 * 1024;
/** Processes touch fresh memory at about this many bytes a millisecond at most, each core its own. */
const BYTES_PER_MS = 2 * 1024 * 1024;
/** Times between looks, in milliseconds. */
const SHORTEST_MS = 50;
const LONGEST_MS = 2000;
/** Signals by which the kernel tells that a limit was reached, and what a shell makes of them. */
const KERNEL_HITS = [
  { signal: 'SIGXCPU', exitCode: 152, limit: 'cpuTime', allowed: 'cpuTimeMs' },
  { signal: 'SIGXFSZ', exitCode: 153, limit: 'fileSize', allowed: 'fileMb' },
] as const;

/** The limit that was reached. `memoryBytes`: what counts as its memory. */
export function limitHit(limits: ProcessLimits, usage: Usage, memoryBytes: number): LimitHit | null {
  const { memoryMb, cpuTimeMs, processes } = limits;
  if (memoryMb !== undefined && memoryBytes > memoryMb * MIB) {
    return { limit: 'memory', allowed: memoryMb, used: Math.ceil(memoryBytes / MIB) };
  }
  if (cpuTimeMs !== undefined && usage.cpuTimeMs > cpuTimeMs) {
    return { limit: 'cpuTime', allowed: cpuTimeMs, used: usage.cpuTimeMs };
  }
  if (processes !== undefined && usage.processes > processes) {
    return { limit: 'processes', allowed: processes, used: usage.processes };
  }
  return null;
}

/** The limit that the end of a program tells of. */
export function hitOfExit(
  limits: ProcessLimits,
  exit: { readonly exitCode: number | null; readonly signal: string | null },
): LimitHit | null {
  for (const { signal, exitCode, limit, allowed } of KERNEL_HITS) {
    const value = limits[allowed];
    if (value === undefined || (exit.signal !== signal && exit.exitCode !== exitCode)) continue;
    return { limit, allowed: value, used: null };
  }
  return null;
}

/** Milliseconds within which the job cannot go far beyond its memory; without a limit there is no hurry. */
export function nextLookMs(limits: ProcessLimits, residentBytes: number): number {
  const { memoryMb } = limits;
  if (memoryMb === undefined) return LONGEST_MS;
  const roomMs = (memoryMb * MIB - residentBytes) / BYTES_PER_MS;
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, roomMs));
}
