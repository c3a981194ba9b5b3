import { afterEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  decodeRecords,
  encodeRecordLine,
  keyOfAttempt,
  type AttemptRecord,
  type RecordLine,
} from '../../../infra/process/launcher/attempt-record.js';
import { JOURNAL_FILE } from '../../../infra/process/launcher/record-journal.js';
import { childrenOf, readBoot, readStat } from '../../../infra/process/launcher/proc.js';
import type { SocketLauncher } from '../../../infra/process/launcher/socket-launcher.js';
import { eventually } from '../../support/eventually.js';
import { copyVersion, gone, ProcessBench, type Behaviour } from '../../support/process-bench.js';
import { isAlive, sessionOf } from '../../support/processes.js';
import { launcherStartSuite } from '../suites/launcher-start.js';
import { launcherSuite, membersOf, shell, workerOn } from '../suites/launcher.js';
import { launcherTreeSuite } from '../suites/launcher-tree.js';

const CONNECT = resolve('dist/infra/process/launcher/connect.js');
const CLOCK = resolve('dist/infra/runtime/system-clock.js');

/** A worker of its own: connects, starts the job and tells its numbers as `{ launcher, job }`. */
function startWorkerProcess(folder: string, script: string): ChildProcess {
  const code = `
    import { connectLauncher } from ${JSON.stringify(CONNECT)};
    import { SystemClock } from ${JSON.stringify(CLOCK)};
    const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };
    const launcher = await connectLauncher({ stateFolder: ${JSON.stringify(folder)}, clock: new SystemClock(), logger });
    await launcher.adopt();
    const { processId } = await launcher.start(${JSON.stringify(shell(folder, 'survivor', script))});
    process.stdout.write(JSON.stringify({ launcher: launcher.processId, job: processId }));`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
}

launcherStartSuite('process over a unix socket', () => ProcessBench.open());
launcherSuite('process over a unix socket', () => ProcessBench.open());
launcherTreeSuite('process over a unix socket', () => ProcessBench.open());

describe('launcher process', () => {
  let bench: ProcessBench;
  const begin = async (behaviour: Behaviour = {}): Promise<SocketLauncher> => {
    bench = await ProcessBench.open(behaviour);
    return bench.connect();
  };
  const untilGo = 'while [ ! -e go ]; do sleep 0.02; done; exit 7';
  const go = (): void => writeFileSync(join(bench.folder, 'go'), '');
  afterEach(() => bench.close());

  test('there is one for a state folder, however many connect at once', async () => {
    bench = await ProcessBench.open();
    const launchers = await Promise.all([1, 2, 3, 4].map(() => bench.connect()));
    expect(new Set(launchers.map((each) => each.processId)).size).toBe(1);
    expect(readdirSync(bench.records).filter((name) => name.startsWith('launcher.'))).toEqual([
      'launcher.1.sock',
      'launcher.log',
    ]);
  });

  test('only its owner gets at it, and its folder may have a long name', async () => {
    bench = await ProcessBench.open();
    const folder = join(bench.folder, 'x'.repeat(120));
    const launcher = await bench.connect(folder);
    expect(statSync(join(folder, 'launcher')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'launcher', 'launcher.1.sock')).mode & 0o777).toBe(0o600);
    await launcher.close();
  });

  test('is small, and has nothing of the environment of its worker', async () => {
    const launcher = await begin();
    const status = readFileSync(`/proc/${String(launcher.processId)}/status`, 'utf8');
    const privateKilobytes = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]);
    expect(privateKilobytes).toBeLessThan(16 * 1024);
    const environment = readFileSync(`/proc/${String(launcher.processId)}/environ`, 'utf8');
    expect(environment.split('\0').filter((each) => each !== '')).toEqual(['UV_THREADPOOL_SIZE=1']);
  });

  test('writes an exit down before telling it', async () => {
    const launcher = await begin();
    const request = shell(bench.folder, 'recorded', 'exit 9');
    const record = (): AttemptRecord | undefined => recordsIn(bench.records).get(keyOfAttempt(request.attempt));
    const onDisk = new Promise((done) => {
      launcher.onExit((exit) => done([exit, record()?.exit]));
    });
    await launcher.adopt();
    await launcher.start(request);
    const [told, written] = (await onDisk) as readonly unknown[];
    expect(told).toMatchObject({ result: { exitCode: 9 } });
    expect(written).toEqual(told);
    await launcher.forget({ attempt: request.attempt });
    expect(record()).toBeUndefined();
  });

  test('outlives its worker, and so do jobs: the next worker gets the exit code', async () => {
    bench = await ProcessBench.open();
    const child = startWorkerProcess(bench.folder, untilGo);
    const facts = await new Promise<string>((done) => child.stdout?.once('data', (data) => done(String(data))));
    child.kill('SIGKILL');
    await new Promise((done) => child.once('exit', done));
    const numbers: unknown = JSON.parse(facts);
    const launcher = await bench.connect();
    const successor = await workerOn(launcher);
    const job = successor.held[0]?.kind === 'running' ? successor.held[0].process.processId : 0;
    expect({ launcher: launcher.processId, job }).toEqual(numbers);
    go();
    expect(await successor.exitOf('survivor')).toMatchObject({
      result: { exitCode: 7, processId: job },
      endedBy: null,
    });
  });

  test('without a renewal ever, the default lease ends what runs', async () => {
    const worker = await workerOn(await begin({ leaseMs: 300 }));
    await worker.launcher.start(shell(bench.folder, 'unleased', 'exec sleep 60'));
    expect(await worker.exitOf('unleased')).toMatchObject({ result: { signal: 'SIGTERM' }, endedBy: 'lease' });
  });

  test('ignores polite signals while it holds a process, and ends on one when it does not', async () => {
    const worker = await workerOn(await begin());
    const { processId } = worker.launcher as SocketLauncher;
    await worker.launcher.start(shell(bench.folder, 'held', untilGo));
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'] as const) process.kill(processId, signal);
    go();
    expect((await worker.exitOf('held')).result.exitCode).toBe(7);
    const broken = new Promise<Error>((done) => worker.launcher.onBroken(done));
    process.kill(processId, 'SIGTERM');
    expect(await broken).toMatchObject({ code: 'UNAVAILABLE' });
    await gone(processId);
  });

  test('tells the exits of jobs that end together with its guard, which Node waits for', async () => {
    const worker = await workerOn(await begin());
    const { processId } = worker.launcher as SocketLauncher;
    const names = Array.from({ length: 10 }, (_, index) => `job-${String(index)}`);
    const start = (name: string) => worker.launcher.start(shell(bench.folder, name, 'exec sleep 60'));
    const jobs = (await Promise.all(names.map(start))).map((started) => started.processId);
    const guards = childrenOf(processId).filter((child) => !jobs.includes(child));
    expect(guards).toHaveLength(1);
    process.kill(processId, 'SIGSTOP');
    for (const child of [...guards, ...jobs]) process.kill(child, 'SIGKILL');
    await eventually('all to be dead', () => [...guards, ...jobs].every((child) => readStat(child)?.state === 'Z'));
    process.kill(processId, 'SIGCONT');
    for (const name of names) expect((await worker.exitOf(name)).result.signal).toBe('SIGKILL');
  });

  describe('ends by itself', () => {
    test('at once when the last worker closes and nothing is held', async () => {
      const [first, second] = [await begin({ idleMs: 600_000 }), await bench.connect()];
      await first.close();
      await second.adopt();
      await second.close();
      await second.close();
      await gone(first.processId);
      await expect(first.adopt()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('after a while when its worker has gone, but not before its processes; exits wait on disk', async () => {
      const launcher = await begin({ idleMs: 50 });
      await launcher.start(shell(bench.folder, 'last', untilGo));
      await launcher.close();
      const again = await bench.connect();
      expect(again.processId).toBe(launcher.processId);
      await again.close();
      go();
      await gone(launcher.processId);
      const { held } = await workerOn(await bench.connect());
      expect(held).toMatchObject([{ kind: 'ended', exit: { result: { exitCode: 7 }, endedBy: null } }]);
    });
  });

  describe('after its own death', () => {
    test('the next one ends what runs, tells that its exit is unknown, and keeps exits that were recorded', async () => {
      const worker = await workerOn(await begin());
      const doomed = await worker.launcher.start(shell(bench.folder, 'doomed', 'sleep 60 & touch ready; wait'));
      await worker.launcher.start(shell(bench.folder, 'done', 'exit 3'));
      const done = await worker.exitOf('done');
      await eventually('the child', () => existsSync(join(bench.folder, 'ready')));
      const broken = new Promise<Error>((told) => worker.launcher.onBroken(told));
      process.kill((worker.launcher as SocketLauncher).processId, 'SIGKILL');
      expect(await broken).toMatchObject({ code: 'UNAVAILABLE' });
      await expect(worker.launcher.adopt()).rejects.toMatchObject({ code: 'UNAVAILABLE' });

      const { held } = await workerOn(await bench.connect());
      expect(membersOf(doomed.processId)).toEqual([]);
      const exits = new Map(held.map((each) => [each.attempt.jobId, each.kind === 'ended' ? each.exit : null]));
      expect(exits.get('done')).toEqual(done);
      const lost = { exitCode: null, signal: null, processId: doomed.processId };
      expect(exits.get('doomed')).toMatchObject({ result: lost, endedBy: null });
    });

    test.each(['sleep 60', 'exit 0'])('the next one ends the daemons of a job that goes on with %s', async (then) => {
      const worker = await workerOn(await begin());
      const daemon = `(setsid sh -c 'echo $$ > daemon; exec sleep 60' >/dev/null 2>&1 &)`;
      await worker.launcher.start(
        shell(bench.folder, 'parent', `${daemon}; while ! test -s daemon; do sleep 0.02; done; ${then}`),
      );
      const number = await eventually('the daemon', () => {
        const path = join(bench.folder, 'daemon');
        return existsSync(path) && Number(readFileSync(path, 'utf8'));
      });
      if (then === 'exit 0') await worker.exitOf('parent');
      process.kill((worker.launcher as SocketLauncher).processId, 'SIGKILL');
      await bench.connect();
      await gone(number);
    });

    test('what runs is ended and recorded though nobody starts another one', async () => {
      const worker = await workerOn(await begin());
      const doomed = await worker.launcher.start(
        shell(bench.folder, 'doomed', 'timeout 60 sleep 60 & touch ready; wait'),
      );
      await eventually('the child', () => existsSync(join(bench.folder, 'ready')));
      process.kill((worker.launcher as SocketLauncher).processId, 'SIGKILL');
      const key = keyOfAttempt({ jobId: 'doomed', attempt: 1 });
      const exit = await eventually('the exit', () => recordsIn(bench.records).get(key)?.exit);
      expect(exit).toMatchObject({ result: { exitCode: null, processId: doomed.processId }, endedBy: null });
      expect(sessionOf(doomed.processId)).toEqual([]);
    });

    test('what runs is ended though the version that it was started from has been removed', async () => {
      const version = await mkdtemp(join(tmpdir(), 'marid-version-'));
      const worker = await workerOn(await begin({ entry: copyVersion(version) }));
      const doomed = await worker.launcher.start(shell(bench.folder, 'doomed', 'exec sleep 60'));
      await rm(version, { recursive: true });
      process.kill((worker.launcher as SocketLauncher).processId, 'SIGKILL');
      await eventually('the job to end', () => sessionOf(doomed.processId).length === 0);
    });

    test('one that is stopped in the moment in which its first job starts is replaced, and the job is ended', async () => {
      const { launcher } = await workerOn(await begin({ leaseMs: 1000 }));
      const script = 'echo $$ >started; mv started job; kill -STOP $PPID; exec sleep 60';
      const starting = launcher.start(shell(bench.folder, 'doomed', script)).catch((error: unknown) => error);
      const job = await eventually('the job', () => existsSync(join(bench.folder, 'job')) && readFileSync(join(bench.folder, 'job'), 'utf8')); // prettier-ignore
      await eventually('the job to end', () => sessionOf(Number(job)).length === 0, 20_000);
      await starting; // answered or not: the job may have been faster
    });

    test('one that is stopped and whose lease runs out is replaced, and what runs is ended', async () => {
      const worker = await workerOn(await begin());
      const { processId } = worker.launcher as SocketLauncher;
      const doomed = await worker.launcher.start(shell(bench.folder, 'doomed', 'exec sleep 60'));
      await worker.launcher.renew({ terminateInMs: 50_000, killInMs: 60_000 });
      await worker.launcher.renew({ terminateInMs: 400, killInMs: 500 });
      process.kill(processId, 'SIGSTOP');
      await eventually('the job to end', () => sessionOf(doomed.processId).length === 0);
      expect(isAlive(processId)).toBe(false);
    });

    test('a process that it had started but not recorded is found by its output and ended', async () => {
      const { attempt, stdoutPath, stderrPath } = await prepare('unrecorded');
      const child = spawn('/bin/sleep', ['60'], {
        detached: true,
        stdio: ['ignore', openSync(stdoutPath, 'a'), 'ignore'],
      });
      const ended = new Promise((done) => child.once('exit', (_code, signal) => done(signal)));
      writeRecord({ intended: { attempt, boot: readBoot(), stdoutPath, stderrPath } });
      const { held } = await workerOn(await bench.connect());
      expect(await ended).toBe('SIGKILL');
      expect(held).toMatchObject([{ kind: 'ended', exit: { result: { processId: child.pid, exitCode: null } } }]);
    });

    test('a later process that has the number of a recorded one is left alone', async () => {
      const { attempt, stdoutPath, stderrPath } = await prepare('reused');
      const child = spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' });
      const processId = child.pid ?? 0;
      const startTicks = (readStat(processId)?.startTicks ?? 0) - 1;
      const started = { processId, startTicks, startedAt: 1 };
      writeRecord({ intended: { attempt, boot: readBoot(), stdoutPath, stderrPath } }, { attempt, started });
      const { held } = await workerOn(await bench.connect());
      expect(held).toMatchObject([{ kind: 'ended', exit: { result: { exitCode: null, signal: null } } }]);
      expect(isAlive(processId)).toBe(true);
      child.kill('SIGKILL');
    });

    const prepare = async (jobId: string) => {
      bench = await ProcessBench.open();
      mkdirSync(bench.records);
      return shell(bench.folder, jobId, '');
    };
    const writeRecord = (...lines: readonly RecordLine[]): void => {
      writeFileSync(join(bench.records, JOURNAL_FILE), lines.map(encodeRecordLine).join(''));
    };
  });
});

function recordsIn(folder: string): ReadonlyMap<string, AttemptRecord> {
  return decodeRecords(readFileSync(join(folder, JOURNAL_FILE), 'utf8'), (_, error) => {
    throw error;
  });
}
