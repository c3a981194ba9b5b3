/**
 * How long a line takes from the job that writes it to a client that follows it: the job writes the time into each line, and whoever reads it compares. Beside it, in the same run, a bare
 * reader that the kernel notifies (inotify) on the same file. Then a reader that stalls on 1 GB of output.
 */
import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { quantile } from '../harness/statistics.js';
import type { Workload } from '../harness/workload.js';
import { benchJob, SystemUnderTest } from '../system.js';

/** Lines of each job. */
const LINES = 500;
/** Between two lines of a job, seconds. */
const LINE_SECONDS = 0.01;
const BULK_BYTES = 1e9;
/** How long the stalled reader stalls, milliseconds. */
const STALL_MS = 5_000;

/** From a job to who follows it. */
export const FOLLOW: Workload = {
  summary:
    'a line from a job to a following client, one and many jobs at 100 lines/s; memory with a reader that stalls',
  run: async ({ jobs = 50 }) => {
    const system = await SystemUnderTest.start();
    try {
      await measureLines(system, jobs);
      await measureBulk(system);
    } finally {
      await system.stop();
    }
  },
};

/** What one reader saw. */
interface Seen {
  /** Milliseconds between the writing of a line and its arrival. */
  readonly latencies: number[];
  /** Lines that were missing, repeated or out of order. */
  readonly faults: number;
}

async function measureLines(system: SystemUnderTest, jobs: number): Promise<void> {
  const one = await followJob(system, true);
  row('1 job at 100 lines/s: bare inotify reader', quantiles(one.bare));
  row('1 job at 100 lines/s: following client', summary([one.followed]));
  const before = await system.memory();
  const many = await Promise.all(Array.from({ length: jobs }, () => followJob(system, false)));
  row(`${jobs} jobs at 100 lines/s each: following clients`, summary(many.map(({ followed }) => followed)));
  row('  memory', growth(before, await system.memory()));
}

async function followJob(system: SystemUnderTest, withBare: boolean) {
  const script = `exec bash -c 'exec {pause}<> <(:); for ((i = 0; i < ${LINES}; i++)); do read -r -t ${LINE_SECONDS} -u $pause; echo $i $EPOCHREALTIME; done'`;
  const { id } = await system.client.submit(benchJob('sh', [script]));
  const over = new AbortController();
  const bare = withBare ? readBare(join(system.folder, 'worker/jobs', id, '1/stdout'), over.signal) : null;
  const counter = new LineCounter();
  for await (const piece of system.client.follow(id, 'stdout')) counter.take(piece);
  over.abort();
  return { followed: counter.seen(LINES), bare: (await bare)?.latencies ?? [] };
}

/** The least that a reader can do: wake by inotify, read what is new. */
async function readBare(path: string, over: AbortSignal): Promise<Seen> {
  const file = await opened(path);
  const counter = new LineCounter();
  const buffer = Buffer.alloc(65_536);
  let position = 0;
  let wake: () => void = () => undefined;
  const watcher = watch(path, () => {
    wake();
  });
  over.addEventListener('abort', () => {
    wake();
  });
  while (!over.aborted) {
    const changed = new Promise<void>((resolve) => (wake = resolve));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    counter.take(buffer.subarray(0, bytesRead));
    position += bytesRead;
    if (bytesRead === 0) await changed;
  }
  watcher.close();
  await file.close();
  return counter.seen(0);
}

async function opened(path: string) {
  for (;;) {
    try {
      return await open(path, 'r');
    } catch {
      await pause(2);
    }
  }
}

/** Takes the bytes as they come, and notes when each line was whole. */
class LineCounter {
  private readonly latencies: number[] = [];
  private rest = '';
  private next = 0;
  private faults = 0;

  take(piece: Uint8Array): void {
    const now = performance.timeOrigin + performance.now();
    const lines = (this.rest + Buffer.from(piece).toString('latin1')).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const [number, time] = line.split(' ');
      if (Number(number) !== this.next) this.faults += 1;
      this.next = Number(number) + 1;
      this.latencies.push(now - Number(time) * 1000);
    }
  }

  seen(expected: number): Seen {
    return { latencies: this.latencies, faults: this.faults + Math.abs(expected - this.next) };
  }
}

/** A client that reads a little of 1 GB and stops, then one that reads all of it. */
async function measureBulk(system: SystemUnderTest): Promise<void> {
  const { id } = await system.client.submit(benchJob('sh', [`head -c ${BULK_BYTES} /dev/zero`]));
  await system.client.wait(id);
  const before = await system.memory();
  const stalled = system.client.readFile(id, 'stdout')[Symbol.asyncIterator]();
  await stalled.next();
  await pause(STALL_MS);
  row('1 GB of output, a reader that stalls: memory', growth(before, await system.memory()));
  await stalled.return?.();
  const started = performance.now();
  let bytes = 0;
  for await (const piece of system.client.readFile(id, 'stdout')) bytes += piece.byteLength;
  const seconds = (performance.now() - started) / 1000;
  if (bytes !== BULK_BYTES) throw new Error(`${bytes} bytes came of ${BULK_BYTES}`);
  row('1 GB of output, read', `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`);
  row('  memory', growth(before, await system.memory()));
}

function summary(seen: readonly Seen[]): string {
  const faults = seen.reduce((sum, each) => sum + each.faults, 0);
  return `${quantiles(seen.flatMap(({ latencies }) => latencies))}, ${faults} lines lost, doubled or out of order`;
}

function quantiles(times: readonly number[]): string {
  const at = (part: number): string => quantile(times, part).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}

function row(name: string, value: string): void {
  console.log(`${name.padEnd(48)} ${value}`);
}

type Memory = Awaited<ReturnType<SystemUnderTest['memory']>>;

function growth(before: Memory, after: Memory): string {
  return after
    .map(({ name, residentMb }, index) => {
      const grown = residentMb - (before[index]?.residentMb ?? 0);
      return `${name} ${residentMb.toFixed(0)} MB (${grown >= 0 ? '+' : ''}${grown.toFixed(0)})`;
    })
    .join(', ');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
