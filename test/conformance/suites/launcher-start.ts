/** How every launcher starts a program, with real processes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { StartRequest } from '../../../core/ports/launcher.js';
import { eventually } from '../../support/eventually.js';
import { shell, workerOn, type LauncherBench, type Worker } from './launcher.js';

/** Runs the suite. */
export function launcherStartSuite(name: string, open: () => Promise<LauncherBench>): void {
  describe(`Launcher: start: ${name}`, () => {
    let bench: LauncherBench;
    let worker: Worker;
    const file = (path: string): string => join(bench.folder, path);
    const text = (path: string): string => readFileSync(file(path), 'utf8');
    const run = (jobId: string, script: string, changes: Partial<StartRequest> = {}) =>
      worker.launcher.start({ ...shell(bench.folder, jobId, script), ...changes });

    beforeEach(async () => {
      bench = await open();
      worker = await workerOn(await bench.connect());
    });
    afterEach(() => bench.close());

    test('passes arguments exactly, without a shell', async () => {
      const argument = ' a  "b" $HOME `id`\n*';
      await run('args', '', { command: ['/usr/bin/printf', '<%s>', argument, '', 'é'] });
      expect((await worker.exitOf('args')).result).toMatchObject({ exitCode: 0, signal: null });
      expect(text('args.out')).toBe(`<${argument}><><é>`);
    });

    test('gives the environment that it was told, and its mark', async () => {
      await run('env', '', { command: ['/usr/bin/env'], environment: { A: '1', B: 'x=y\nz' } });
      await worker.exitOf('env');
      expect(
        text('env.out')
          .replace(/^MARID_JOB_KEY=.*\/1\/env\n/m, '')
          .split('\n')
          .sort(),
      ).toEqual(['', 'A=1', 'B=x=y', 'z']);
    });

    test('looks the program up in the PATH of that environment', async () => {
      writeFileSync(file('own-tool'), '#!/bin/sh\necho found', { mode: 0o755 });
      await run('path', '', { command: ['own-tool'], environment: { PATH: bench.folder } });
      await worker.exitOf('path');
      expect(text('path.out')).toBe('found\n');
    });

    test('goes on looking behind what may not be run, and runs text without an interpreter by the shell', async () => {
      for (const folder of ['first', 'second']) mkdirSync(file(folder));
      writeFileSync(file('first/own-tool'), 'echo first', { mode: 0o644 });
      writeFileSync(file('second/own-tool'), 'echo "$0" "$@"', { mode: 0o755 });
      const path = `/no-such-folder:${file('first')}:second`;
      await run('path', '', { command: ['own-tool', 'a b'], environment: { PATH: path } });
      await worker.exitOf('path');
      expect(text('path.out')).toBe('second/own-tool a b\n');
    });

    test('blocks and ignores no signal, and leaves mask of files and priority as they are', async () => {
      const script = `grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2; umask; nice`;
      await run('signals', '', { command: ['/bin/bash', '-c', script] });
      await worker.exitOf('signals');
      const none = '0'.repeat(16);
      const mine = execFileSync('/bin/bash', ['-c', 'umask; nice'], { encoding: 'utf8' });
      expect(text('signals.out')).toBe(`${none}\n${none}\n${mine}`);
    });

    test('runs in the directory, a session and a group of its own, with no descriptors but the standard ones', async () => {
      const script = 'pwd; cut -d" " -f5,6 /proc/$$/stat; ls /proc/$$/fd; readlink /proc/$$/fd/0';
      const { processId } = await run('own', script);
      await worker.exitOf('own');
      const id = String(processId);
      expect(text('own.out')).toBe(`${bench.folder}\n${id} ${id}\n0\n1\n2\n/dev/null\n`);
    });

    test('appends to output files and reports their sizes', async () => {
      writeFileSync(file('out.out'), 'before\n');
      await run('out', 'echo after; printf oops >&2; exit 3');
      const { result } = await worker.exitOf('out');
      expect(text('out.out')).toBe('before\nafter\n');
      expect(result).toMatchObject({ exitCode: 3, stdoutBytes: 13, stderrBytes: 4 });
    });

    test('reports the signal that ended a process by itself', async () => {
      const { processId } = await run('signal', 'kill -SEGV $$');
      const exit = await worker.exitOf('signal');
      expect(exit).toMatchObject({ result: { exitCode: null, signal: 'SIGSEGV', processId }, endedBy: null });
    });

    test('refuses what cannot run, says why, and leaves the attempt free', async () => {
      writeFileSync(file('plain'), 'text');
      const cases: readonly (readonly [Partial<StartRequest>, string, RegExp])[] = [
        [{ command: ['no-such-program'] }, 'NOT_FOUND', /no-such-program/],
        [{ command: [file('plain')] }, 'INVALID_ARGUMENT', /plain.*EACCES/],
        [{ directory: file('nowhere') }, 'INVALID_ARGUMENT', /directory.*nowhere/],
        [{ stdoutPath: file('nowhere/out') }, 'INVALID_ARGUMENT', /nowhere\/out/],
        [{ command: ['/bin/echo', 'a\0b'] }, 'INVALID_ARGUMENT', /cannot be executed/],
        [{ environment: { A: 'a\0b' } }, 'INVALID_ARGUMENT', /cannot be executed/],
        [{ command: ['/bin/echo', 'x'.repeat(200_000)] }, 'INVALID_ARGUMENT', /E2BIG/],
        [{ command: ['plain'], environment: { PATH: `/:${bench.folder}:/bin` } }, 'INVALID_ARGUMENT', /plain.*EACCES/],
        [{ command: [file('plain/below')] }, 'INVALID_ARGUMENT', /ENOTDIR/],
        [{ command: [''] }, 'INVALID_ARGUMENT', /"" cannot be executed/],
      ];
      for (const [changes, code, message] of cases) {
        await expect(run('refused', 'exit 0', changes)).rejects.toMatchObject({
          code,
          message: expect.stringMatching(message),
        });
      }
      await run('refused', 'exit 0');
      expect((await worker.exitOf('refused')).result.exitCode).toBe(0);
      expect(worker.exits).toHaveLength(1);
    });

    test('starts an attempt once, until its exit is forgotten', async () => {
      const both = await Promise.allSettled([run('once', 'echo ran'), run('once', 'echo ran')]);
      expect(both.map((each) => each.status)).toEqual(['fulfilled', 'rejected']);
      const { attempt } = await worker.exitOf('once');
      await expect(run('once', 'echo ran')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
      expect(text('once.out')).toBe('ran\n');
      await worker.launcher.forget({ attempt });
      await worker.launcher.forget({ attempt });
      await run('once', 'echo again');
      await eventually('the second run', () => worker.exits.length === 2);
      expect(text('once.out')).toBe('ran\nagain\n');
    });

    test('takes many at once and tells each exit once', async () => {
      const numbers = Array.from({ length: 60 }, (_, index) => index);
      await Promise.all(numbers.map((number) => run(`many-${String(number)}`, `exit ${String(number)}`)));
      await eventually('all exits', () => worker.exits.length >= numbers.length);
      const codes = new Map(worker.exits.map((exit) => [exit.attempt.jobId, exit.result.exitCode]));
      expect(codes).toEqual(new Map(numbers.map((number) => [`many-${String(number)}`, number])));
      expect(worker.exits).toHaveLength(numbers.length);
    });
  });
}
