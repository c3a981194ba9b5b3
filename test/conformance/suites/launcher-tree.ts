/** What every launcher does with processes that try to get away, and with those that use too much. Real processes. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessLimits, StartedProcess } from '../../../core/ports/launcher.js';
import { readStat } from '../../../infra/process/launcher/proc.js';
import { eventually } from '../../support/eventually.js';
import { shell, workerOn, type LauncherBench, type Worker } from './launcher.js';

/** Leaves the group, the session and its parent, and writes its number to the file `daemon`. */
const DAEMON = `sh -c 'setsid sh -c "echo \\$\\$ > daemon; exec sleep 60" </dev/null >/dev/null 2>&1 &'`;
/** The same with nothing left in its environment. */
const BARE_DAEMON = DAEMON.replace('setsid sh', 'exec env -i /usr/bin/setsid /bin/sh').replace(
  'exec sleep',
  'exec /bin/sleep',
);
const UNTIL_DAEMON = 'while ! test -s daemon; do sleep 0.02; done';
/** Takes this many MB of memory and keeps them: bash would replace itself by a last command. */
const hog = (mb: number): string =>
  `x=$(head -c ${String(mb * 1_000_000)} /dev/zero | tr '\\0' x); touch full; sleep 60; : end`;

/** Runs the suite. */
export function launcherTreeSuite(name: string, open: () => Promise<LauncherBench>): void {
  describe(`Launcher: ${name}`, () => {
    let bench: LauncherBench;
    let worker: Worker;
    const file = (path: string): string => join(bench.folder, path);
    const run = (jobId: string, script: string, limits?: ProcessLimits): Promise<StartedProcess> =>
      worker.launcher.start({
        ...shell(bench.folder, jobId, script),
        command: ['/bin/bash', '-c', script],
        ...(limits === undefined ? {} : { limits }),
      });
    const daemon = (): number => Number(readFileSync(file('daemon'), 'utf8'));
    const written = (path: string) =>
      eventually(`the file ${path}`, () => existsSync(file(path)) && statSync(file(path)).size >= 0);
    const gone = (id: number) => eventually(`process ${String(id)} to end`, () => !isLive(id));
    /** Another job of the same launcher, which nothing that happens to the first may touch. */
    const bystander = async (): Promise<() => Promise<void>> => {
      await run('bystander', `while ! test -e go; do sleep 0.05; done; exit 7`);
      return async () => {
        await run('waker', 'touch go');
        expect(await worker.exitOf('bystander')).toMatchObject({ result: { exitCode: 7 }, endedBy: null });
      };
    };

    beforeEach(async () => {
      bench = await open();
      worker = await workerOn(await bench.connect());
    });
    afterEach(() => bench.close());

    describe('a daemon that a job has left', () => {
      test.each([0, 4])('is gone after an end with code %i', async (exitCode) => {
        await run('parent', `${DAEMON}; ${UNTIL_DAEMON}; exit ${String(exitCode)}`);
        expect(await worker.exitOf('parent')).toMatchObject({ result: { exitCode }, endedBy: null });
        await gone(daemon());
      });

      test('is gone before the exit of a kill is told', async () => {
        await run('parent', `${DAEMON}; ${UNTIL_DAEMON}; touch ready; sleep 60`);
        await written('ready');
        await worker.launcher.kill({ attempt: { jobId: 'parent', attempt: 1 }, graceMs: 5000 });
        expect(await worker.exitOf('parent')).toMatchObject({ endedBy: 'kill' });
        expect(isLive(daemon())).toBe(false);
      });

      test('is gone before the exit of a timeout or a lost lease is told', async () => {
        await run('parent', `${DAEMON}; ${UNTIL_DAEMON}; touch ready; sleep 60`);
        await written('ready');
        await worker.launcher.renew({ terminateInMs: 50, killInMs: 100 });
        expect(await worker.exitOf('parent')).toMatchObject({ endedBy: 'lease' });
        expect(isLive(daemon())).toBe(false);
      });

      test('is found without its environment, when it was seen with its parent', async () => {
        await run(
          'parent',
          `(${BARE_DAEMON.replace(/^sh -c '(.*) &'$/, "sh -c '$1'")}) & ${UNTIL_DAEMON}; exec sleep 60`,
        );
        await eventually('the daemon', () => existsSync(file('daemon')) && daemon() > 0);
        await worker.launcher.kill({ attempt: { jobId: 'parent', attempt: 1 }, graceMs: 5000 });
        await worker.exitOf('parent');
        expect(isLive(daemon())).toBe(false);
      });

      test('is found without environment and parent by where its output goes', async () => {
        await run('parent', `${BARE_DAEMON.replace('>/dev/null 2>&1', '')}; ${UNTIL_DAEMON}; exit 3`);
        expect((await worker.exitOf('parent')).result.exitCode).toBe(3);
        await gone(daemon());
      });
    });

    describe('a limit', () => {
      test('of memory ends a job that goes beyond it, alone, and tells how far it was', async () => {
        const finish = await bystander();
        await run('hog', hog(150), { memoryMb: 64 });
        const exit = await worker.exitOf('hog');
        expect(exit).toMatchObject({ endedBy: 'limit', hit: { limit: 'memory', allowed: 64 } });
        expect(exit.hit?.used).toBeGreaterThan(64);
        expect(exit.result.peakMemoryBytes).toBeGreaterThan(64 * 1024 * 1024);
        await finish();
      });

      test('of memory counts children that left the session', async () => {
        writeFileSync(file('hog.sh'), hog(150));
        await run('hog', 'setsid bash hog.sh & wait', { memoryMb: 64 });
        expect(await worker.exitOf('hog')).toMatchObject({ endedBy: 'limit', hit: { limit: 'memory' } });
      });

      test('of memory by a cgroup ends a job alone, exactly, and leaves no group; where none can be made, nothing starts', async () => {
        const finish = await bystander();
        const limits = { memoryMb: 64, memoryBy: 'cgroup' } as const;
        const started = await run('hog', `grep memory /proc/$$/cgroup; ${hog(150)}`, limits).catch(
          (error: unknown) => error,
        );
        if (started instanceof Error || !('processId' in Object(started))) {
          expect(started).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
          return finish();
        }
        const exit = await worker.exitOf('hog');
        expect(exit).toMatchObject({ endedBy: 'limit', hit: { limit: 'memory', allowed: 64, used: 64 } });
        expect(exit.result.peakMemoryBytes).toBe(64 * 1024 * 1024);
        const group = /:(\/.*marid-.*)$/m.exec(readFileSync(file('hog.out'), 'utf8'))?.[1] ?? '';
        expect(group).not.toBe('');
        await eventually(
          'the group to be gone',
          () => !existsSync(join('/sys/fs/cgroup/memory', group)) && !existsSync(join('/sys/fs/cgroup', group)),
        );
        await finish();
      });

      test('of CPU time ends what computes on, each process or all together', async () => {
        await run('spinner', 'while :; do :; done', { cpuTimeMs: 1000 });
        expect(await worker.exitOf('spinner')).toMatchObject({
          endedBy: 'limit',
          hit: { limit: 'cpuTime', allowed: 1000 },
        });
      });

      test('of a file ends what writes beyond it, its output too', async () => {
        await run('writer', 'exec head -c 3000000 /dev/zero', { fileMb: 2 });
        expect(await worker.exitOf('writer')).toMatchObject({
          endedBy: 'limit',
          hit: { limit: 'fileSize', allowed: 2, used: null },
          result: { stdoutBytes: 2 * 1024 * 1024 },
        });
      });

      test('of open files is what the program is told', async () => {
        await run('opener', 'ulimit -n; ulimit -Hn; ulimit -f', { openFiles: 64 });
        await worker.exitOf('opener');
        expect(readFileSync(file('opener.out'), 'utf8')).toBe('64\n64\nunlimited\n');
      });

      test('of processes ends a bomb of 10,000 forks', async () => {
        const finish = await bystander();
        await run('bomb', 'for i in {1..10000}; do sleep 60 & done; wait', { processes: 100 });
        const exit = await worker.exitOf('bomb');
        expect(exit).toMatchObject({ endedBy: 'limit', hit: { limit: 'processes', allowed: 100 } });
        await finish();
      });

      test('of processes ends a bomb whose parents end at once', async () => {
        const finish = await bystander();
        const script = `for i in {1..10000}; do (setsid sleep 60 &) ; done; wait; sleep 60`;
        const { processId } = await run('bomb', script, { processes: 100 });
        expect(await worker.exitOf('bomb')).toMatchObject({ endedBy: 'limit', hit: { limit: 'processes' } });
        expect(isLive(processId)).toBe(false);
        await finish();
      });

      test('that was not reached changes nothing, and the use is told', async () => {
        const limits = { memoryMb: 500, cpuTimeMs: 60_000, openFiles: 100, processes: 50, fileMb: 100 };
        const script = 'head -c 5000000 /dev/zero > data; cat data | wc -c; sleep 0.4; exit 5';
        await run('modest', script, limits);
        const { result, ...exit } = await worker.exitOf('modest');
        expect(exit).toMatchObject({ endedBy: null });
        expect(result).toMatchObject({
          exitCode: 5,
          peakMemoryBytes: expect.any(Number),
          cpuTimeMs: expect.any(Number),
        });
        expect(result.bytesWritten).toBeGreaterThan(5_000_000);
        expect(result.bytesRead).toBeGreaterThan(5_000_000);
      });
    });

    test('a job that removes its own directory and lives on is ended with all that is left of it', async () => {
      const finish = await bystander();
      const { processId } = await worker.launcher.start({
        ...shell(bench.folder, 'remover', ''),
        command: [
          '/bin/bash',
          '-c',
          `d=$(mktemp -d ${bench.folder}/own.XXXX); cd $d; (setsid sleep 60 &); rm -rf $d; echo gone; sleep 60`,
        ],
      });
      await eventually('the removal', () => readFileSync(file('remover.out'), 'utf8') === 'gone\n');
      rmSync(file('remover.out'));
      await worker.launcher.kill({ attempt: { jobId: 'remover', attempt: 1 }, graceMs: 100 });
      expect(await worker.exitOf('remover')).toMatchObject({ endedBy: 'kill', result: { stdoutBytes: 0 } });
      expect(isLive(processId)).toBe(false);
      await finish();
    });

    test('an exit is told although children hold the output open and ignore SIGTERM', async () => {
      await run(
        'holder',
        `(trap "" TERM; echo $BASHPID > child; sleep 60) & while ! test -s child; do sleep 0.02; done; exit 0`,
      );
      expect(await worker.exitOf('holder')).toMatchObject({ result: { exitCode: 0 }, endedBy: null });
      await gone(Number(readFileSync(file('child'), 'utf8')));
    });
  });
}

function isLive(processId: number): boolean {
  const state = readStat(processId)?.state ?? 'X';
  return state !== 'Z' && state !== 'X';
}
