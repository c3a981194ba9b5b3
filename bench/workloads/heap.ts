/** What a start of a process costs a worker whose heap has grown: by the launcher, as Marid does it, and by Node's `spawn` in the same process. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Launcher } from '../../core/ports/launcher.js';
import { connectLauncher } from '../../infra/process/launcher/connect.js';
import { PinoLogger } from '../../infra/runtime/pino-logger.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { writeFigures } from '../harness/results.js';
import { quantile } from '../harness/statistics.js';
import { inTemporaryFolder } from '../harness/temporary-folder.js';
import type { Workload } from '../harness/workload.js';

const STEPS_MB = [0, 256, 512, 1024];
/** Doubles of one piece of the heap: 8 MiB. */
const PIECE = 2 ** 20;

/** Time of one start, until its acknowledgement. */
export const HEAP: Workload = {
  summary: "a process start while the worker's heap grows to 1 GB: the launcher beside Node's spawn",
  run: ({ jobs = 200 }) =>
    inTemporaryFolder(async (folder) => {
      const ports = { clock: new SystemClock(), logger: PinoLogger.create({ level: 'warn' }) };
      const launcher = await connectLauncher({ stateFolder: folder, ...ports });
      try {
        await launcher.adopt();
        launcher.onExit(({ attempt }) => void launcher.forget({ attempt }));
        const starts = new Starts(launcher, folder);
        await starts.byLauncher(jobs); // warm
        const heap: number[][] = [];
        const figures: Record<string, { launcher: number; spawn: number }> = {};
        for (const step of STEPS_MB) {
          while (heap.length * 8 < step) heap.push(Array.from({ length: PIECE }, (_, index) => index + 0.5));
          figures[`+${String(step)} MB`] = {
            launcher: await starts.byLauncher(jobs),
            spawn: await starts.bySpawn(jobs),
          };
        }
        const first = figures['+0 MB'] ?? { launcher: NaN, spawn: NaN };
        for (const [name, { launcher: own, spawn: node }] of Object.entries(figures)) {
          const ratios = `${(own / first.launcher).toFixed(2)} x and ${(node / first.spawn).toFixed(2)} x of +0 MB`;
          console.log(
            `${name.padEnd(10)} launcher ${own.toFixed(2)} ms, Node's spawn ${node.toFixed(2)} ms (${ratios})`,
          );
        }
        console.log(`written: ${await writeFigures('heap', { unit: 'ms, medians', jobs, figures })}`);
        if (heap.length * 8 < Math.max(...STEPS_MB)) throw new Error('the heap was not kept');
      } finally {
        await launcher.close();
      }
    }),
};

/** Starts of `/bin/true`, one at a time. */
class Starts {
  private started = 0;

  constructor(
    private readonly launcher: Launcher,
    private readonly folder: string,
  ) {}

  /** Median of the milliseconds until the launcher has answered. */
  byLauncher(count: number): Promise<number> {
    const paths = { stdoutPath: join(this.folder, 'stdout'), stderrPath: join(this.folder, 'stderr') };
    return median(count, () => {
      this.started += 1;
      const attempt = { jobId: `job-${String(this.started)}`, attempt: 1 };
      const request = { command: ['/bin/true'], directory: this.folder, environment: {}, timeoutMs: 60_000 };
      return this.launcher.start({ ...request, ...paths, attempt });
    });
  }

  /** Median of the milliseconds until `spawn` returns: so long the event loop stands. */
  bySpawn(count: number): Promise<number> {
    return median(count, () => {
      const child = spawn('/bin/true', { stdio: 'ignore' });
      return { ended: new Promise((resolve) => child.once('exit', resolve)) };
    });
  }
}

async function median(
  count: number,
  start: () => { readonly ended: Promise<unknown> } | Promise<unknown>,
): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const began = performance.now();
    const running = start();
    if (running instanceof Promise) await running;
    times.push(performance.now() - began);
    if (!(running instanceof Promise)) await running.ended;
  }
  return quantile(times, 0.5);
}
