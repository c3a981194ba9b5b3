/** What every launcher does, with real processes. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HeldProcess, Launcher, ProcessExit, StartRequest } from '../../../core/ports/launcher.js';
import { readStat } from '../../../infra/process/launcher/proc.js';
import { eventually } from '../../support/eventually.js';

/** Programs that fill memory or files take long on a busy machine. */
const EXIT_WITHIN_MS = 25_000;

/** A launcher under test. */
export interface LauncherBench {
  /** Another connection to the same launcher. */
  connect(): Promise<Launcher>;
  /** An empty folder for the processes. */
  readonly folder: string;
  /** Ends connections, processes and the launcher. */
  close(): Promise<void>;
}

/** A connection with the exits that it was told. */
export interface Worker {
  readonly launcher: Launcher;
  readonly held: readonly HeldProcess[];
  readonly exits: readonly ProcessExit[];
  /** The exit of a job, once told. */
  exitOf(jobId: string): Promise<ProcessExit>;
}

/** Listens for exits and adopts. */
export async function workerOn(launcher: Launcher): Promise<Worker> {
  const exits: ProcessExit[] = [];
  launcher.onExit((exit) => exits.push(exit));
  const held = await launcher.adopt();
  const find = (jobId: string): ProcessExit | undefined => exits.find((exit) => exit.attempt.jobId === jobId);
  return {
    launcher,
    held,
    exits,
    exitOf: (jobId) => eventually(`the exit of ${jobId}`, () => find(jobId), EXIT_WITHIN_MS),
  };
}

/** A request to run a shell script as job `jobId`, with its output in `<jobId>.out` and `<jobId>.err`. */
export function shell(folder: string, jobId: string, script: string): StartRequest {
  return {
    attempt: { jobId, attempt: 1 },
    command: ['/bin/sh', '-c', script],
    directory: folder,
    environment: { PATH: '/usr/bin:/bin' },
    stdoutPath: join(folder, `${jobId}.out`),
    stderrPath: join(folder, `${jobId}.err`),
    timeoutMs: 60_000,
  };
}

/** Live processes of a group, without the dead that nobody has waited for yet. */
export function membersOf(group: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isMember(name, group))
    .map(Number);
}

/** Runs the suite. */
export function launcherSuite(name: string, open: () => Promise<LauncherBench>): void {
  describe(`Launcher: ${name}`, () => {
    let bench: LauncherBench;
    let worker: Worker;
    const file = (path: string): string => join(bench.folder, path);
    const text = (path: string): string => readFileSync(file(path), 'utf8');
    const run = (jobId: string, script: string, changes: Partial<StartRequest> = {}) =>
      worker.launcher.start({ ...shell(bench.folder, jobId, script), ...changes });
    const written = (path: string) => eventually(`the file ${path}`, () => existsSync(file(path)));

    beforeEach(async () => {
      bench = await open();
      worker = await workerOn(await bench.connect());
    });
    afterEach(() => bench.close());

    describe('kill', () => {
      const attempt = { jobId: 'victim', attempt: 1 };

      test('lets a process end by itself on SIGTERM', async () => {
        await run('victim', 'trap "exit 5" TERM; touch ready; while :; do sleep 0.02; done');
        await written('ready');
        expect(await worker.launcher.kill({ attempt, graceMs: 60_000 })).toBe(true);
        expect(await worker.exitOf('victim')).toMatchObject({ result: { exitCode: 5 }, endedBy: 'kill' });
        expect(await worker.launcher.kill({ attempt, graceMs: 0 })).toBe(false);
      });

      test('kills what ignores SIGTERM, with its children, after the grace', async () => {
        const { processId } = await run('victim', 'trap "" TERM; sleep 60 & touch ready; wait; sleep 60');
        await written('ready');
        await worker.launcher.kill({ attempt, graceMs: 100 });
        expect(await worker.exitOf('victim')).toMatchObject({ result: { signal: 'SIGKILL' }, endedBy: 'kill' });
        expect(membersOf(processId)).toEqual([]);
      });

      test('reaches children in groups of their own', async () => {
        await run(
          'victim',
          `trap "" TERM; timeout 60 sh -c 'trap "" TERM; echo $$ > child; while :; do sleep 0.02; done'; wait`,
        );
        const child = await eventually('the child', () => existsSync(file('child')) && Number(text('child')));
        await worker.launcher.kill({ attempt, graceMs: 100 });
        await worker.exitOf('victim');
        expect(isLive(child)).toBe(false);
      });

      test('a second kill shortens the grace', async () => {
        await run('victim', 'trap "" TERM; touch ready; while :; do sleep 0.02; done');
        await written('ready');
        await worker.launcher.kill({ attempt, graceMs: 60_000 });
        await worker.launcher.kill({ attempt, graceMs: 0 });
        expect((await worker.exitOf('victim')).result.signal).toBe('SIGKILL');
      });

      test('gives children the grace too when their parent ends at once', async () => {
        const child = 'trap "sleep 0.2; touch cleaned; exit" TERM; touch ready; while :; do sleep 0.02; done';
        await run('victim', `( ${child} ) & wait`);
        await written('ready');
        await worker.launcher.kill({ attempt, graceMs: 30_000 });
        await worker.exitOf('victim');
        expect(existsSync(file('cleaned'))).toBe(true);
      });
    });

    test('an exit is told when nothing of the group is left', async () => {
      const { processId } = await run('leaver', '(trap "" TERM; sleep 60) & touch ready; exit 4');
      expect(await worker.exitOf('leaver')).toMatchObject({ result: { exitCode: 4 }, endedBy: null });
      expect(membersOf(processId)).toEqual([]);
    });

    test.each([0, 4])('what a leader that ends with code %i leaves in other groups is ended', async (exitCode) => {
      const script = `timeout 60 sh -c 'echo $$ > child; sleep 60' & while ! test -s child; do sleep 0.02; done; exit ${String(exitCode)}`;
      await run('leaver', script);
      expect(await worker.exitOf('leaver')).toMatchObject({ result: { exitCode } });
      await eventually('the child to end', () => !isLive(Number(text('child'))));
    });

    test('a process that runs for too long is ended', async () => {
      await run('slow', 'exec sleep 60', { timeoutMs: 50 });
      expect(await worker.exitOf('slow')).toMatchObject({ result: { signal: 'SIGTERM' }, endedBy: 'timeout' });
    });

    describe('renew', () => {
      test('when it stays out, everything is terminated, then killed, and nothing starts', async () => {
        await run('gentle', 'exec sleep 60');
        await run('stubborn', 'trap "" TERM; touch ready; while :; do sleep 0.02; done');
        await written('ready');
        await worker.launcher.renew({ terminateInMs: 50, killInMs: 200 });
        expect(await worker.exitOf('gentle')).toMatchObject({ result: { signal: 'SIGTERM' }, endedBy: 'lease' });
        expect(await worker.exitOf('stubborn')).toMatchObject({ result: { signal: 'SIGKILL' }, endedBy: 'lease' });
        await expect(run('late', 'exit 0')).rejects.toMatchObject({ code: 'STALE_SESSION' });
        await worker.launcher.renew({ terminateInMs: 60_000, killInMs: 70_000 });
        await run('late', 'exit 0');
        expect((await worker.exitOf('late')).result.exitCode).toBe(0);
      });
    });

    describe('adopt', () => {
      test('hands over what runs and what has ended, and tells exits to the last that adopted', async () => {
        const started = await run('running', 'while [ ! -e go ]; do sleep 0.02; done; exit 6');
        await run('ended', 'exit 2');
        const exit = await worker.exitOf('ended');
        const successor = await workerOn(await bench.connect());
        expect(successor.held).toEqual([
          { kind: 'running', attempt: { jobId: 'running', attempt: 1 }, process: started },
          { kind: 'ended', attempt: { jobId: 'ended', attempt: 1 }, exit },
        ]);
        writeFileSync(file('go'), '');
        expect((await successor.exitOf('running')).result.exitCode).toBe(6);
        expect(worker.exits).toEqual([exit]);
      });

      test('ends the right of the one before to start, kill, renew and forget', async () => {
        await run('ended', 'exit 1');
        const { attempt } = await worker.exitOf('ended');
        await workerOn(await bench.connect());
        const stale = { code: 'STALE_SESSION' };
        await expect(run('stale', 'exit 0')).rejects.toMatchObject(stale);
        await expect(worker.launcher.kill({ attempt, graceMs: 0 })).rejects.toMatchObject(stale);
        await expect(worker.launcher.renew({ terminateInMs: 1000, killInMs: 2000 })).rejects.toMatchObject(stale);
        await expect(worker.launcher.forget({ attempt })).rejects.toMatchObject(stale);
      });

      test('refuses an earlier session when a later one has adopted', async () => {
        await worker.launcher.adopt({ session: 'b' });
        const later = await bench.connect();
        await expect(later.adopt({ session: 'a' })).rejects.toMatchObject({ code: 'STALE_SESSION' });
        const start = later.start(shell(bench.folder, 'late', 'exit 0'));
        await expect(start).rejects.toMatchObject({ code: 'STALE_SESSION' });
        await run('kept', 'exit 0'); // the one before still has its right
        await later.adopt({ session: 'b' });
        await later.adopt({ session: 'c' });
      });

      test('leaves the lease as its worker has just told it, also when that has run out', async () => {
        const launcher = await bench.connect();
        await launcher.renew({ terminateInMs: 0, killInMs: 0 });
        await launcher.adopt({ session: 'a' });
        const start = launcher.start(shell(bench.folder, 'late', 'exit 0'));
        await expect(start).rejects.toMatchObject({ code: 'STALE_SESSION' });
      });

      test('repeats an exit until it is forgotten', async () => {
        await run('told', 'exit 1');
        const { attempt } = await worker.exitOf('told');
        const next = await workerOn(await bench.connect());
        expect(next.held).toHaveLength(1);
        await next.launcher.forget({ attempt });
        expect((await workerOn(await bench.connect())).held).toEqual([]);
      });
    });
  });
}

function isMember(processId: string, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[2]) === group && fields[0] !== 'Z' && fields[0] !== 'X';
  } catch {
    return false;
  }
}

function isLive(processId: number): boolean {
  const state = readStat(processId)?.state ?? 'X';
  return state !== 'Z' && state !== 'X';
}
