/** The clock by which the kernel notes when a process started. */
import type { Libc, NativeFunction } from './libc.js';

/** `CLOCK_BOOTTIME` of Linux. */
const BOOT_TIME = 7;
/** Ticks of a second: USER_HZ is 100 on every Linux. */
const TICKS = 100;
/** Where seconds and nanoseconds begin in a `timespec` of 64-bit words, as indexes of 32-bit words; the higher halves are 0. */
const [SECONDS, NANOSECONDS] = [0, 2];

/** Two looks at the clock are cheaper than one at `/proc/<pid>/stat`, which also makes entries that the end of the process has to remove. */
export class BootClock {
  private readonly read: NativeFunction;
  private readonly time = new Int32Array(4);

  constructor(libc: Libc) {
    this.read = libc.function('int clock_gettime(int clock, void *time)');
  }

  /** Ticks since boot, as `ProcessStat.startTicks` has them. */
  ticks(): number {
    this.read(BOOT_TIME, this.time);
    const { [SECONDS]: seconds = 0, [NANOSECONDS]: nanoseconds = 0 } = this.time;
    return seconds * TICKS + Math.floor((nanoseconds * TICKS) / 1e9);
  }
}
