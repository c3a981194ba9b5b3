/** `marid dev` as its user meets it: real processes, real commands. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../client/index.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { eventually } from '../support/eventually.js';
import { MaridBench, runMarid, type MaridProcess } from '../support/marid-process.js';
import { applyRegistry, SHELL } from '../support/registry-files.js';

describe('marid dev', () => {
  let bench: MaridBench;
  let dev: MaridProcess;
  let client: MaridClient;

  beforeAll(async () => {
    bench = await MaridBench.open();
    dev = await bench.start([
      'dev',
      '--listen',
      '127.0.0.1:0',
      '--data-folder',
      bench.path('data'),
      '--memory',
      '320m',
    ]);
    await applyRegistry(bench, dev.address);
    client = MaridClient.connect({ address: dev.address });
  });

  afterAll(async () => {
    await client.close();
    await bench.close();
  });

  const marid = (...args: readonly string[]) => bench.run(dev.address, args);

  test('runs a job, streams both outputs and ends with its exit code', async () => {
    const done = await marid('run', ...SHELL, '--', 'echo out; echo err >&2; exit 5');
    expect(done).toMatchObject({ code: 5, stdout: 'out\n' });
    expect(done.stderr).toContain('err\n');
  });

  test('ends with 128 + n when a signal ended the program', async () => {
    expect((await marid('run', ...SHELL, '--', 'kill -9 $$')).code).toBe(137);
  });

  test('passes arguments and environment exactly', async () => {
    const odd = `a'b"c $(date) \`id\` \\ \n ünï`;
    const done = await marid('run', ...SHELL, '--env', `ODD=${odd}`, '--', 'printf "%s|%s" "$ODD" "$0"', odd);
    expect(done.stdout).toBe(`${odd}|${odd}`);
  });

  test('follows the output of a running job line by line', async () => {
    const gate = bench.path('gate');
    const script = `echo one; while ! test -e ${gate}; do sleep 0.05; done; echo two`;
    const id = (await marid('submit', ...SHELL, '--', script)).stdout.trim();
    const follower = spawn(process.execPath, [resolve('dist/cli/main.js'), '--address', dev.address, 'logs', '-f', id]);
    let text = '';
    follower.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
    await eventually('the first line', () => text === 'one\n');
    await writeFile(gate, '');
    await new Promise((done) => follower.once('close', done));
    expect(text).toBe('one\ntwo\n');
  });

  test('kills a running job and its whole process group', async () => {
    const pids = bench.path('pids');
    const id = (
      await marid('submit', ...SHELL, '--', `sleep 300 & echo $! > ${pids}; echo $$ >> ${pids}; wait`)
    ).stdout.trim();
    const started = await eventually('both processes', async () => {
      const lines = (await readFile(pids, 'utf8').catch(() => '')).trim().split('\n');
      return lines.length === 2 ? lines : null;
    });
    expect((await marid('kill', id, '--reason', 'test')).code).toBe(0);
    expect((await marid('wait', id, '--timeout', '20s')).code).toBe(8);
    expect(started.filter(isRunning)).toEqual([]);
  });

  test('waits with 7 for a failed job and 124 when the time is over', async () => {
    const failed = (await marid('submit', ...SHELL, '--', 'exit 1')).stdout.trim();
    expect((await marid('wait', failed)).code).toBe(7);
    const slow = (await marid('submit', ...SHELL, '--', 'sleep 300')).stdout.trim();
    expect((await marid('wait', slow, '--timeout', '200ms')).code).toBe(124);
    await marid('kill', slow);
    await marid('wait', slow);
  });

  test('explains, lists files and keeps the output of a job that has ended', async () => {
    const id = (await marid('submit', ...SHELL, '--', 'echo kept; echo x > extra.txt')).stdout.trim();
    await marid('wait', id);
    expect((await marid('explain', id)).stdout).toMatch(/local/);
    expect((await marid('files', id, '-o', 'name')).stdout.split('\n')).toEqual(
      expect.arrayContaining(['extra.txt', 'run', 'stderr', 'stdout']),
    );
    expect((await marid('logs', id)).stdout).toBe('kept\n');
  });

  test('prints no colours into a pipe, also where CI is set', async () => {
    await marid('run', ...SHELL, '--', 'true');
    const args = [resolve('dist/cli/main.js'), '--address', dev.address, 'get', 'jobs'];
    const { stdout } = spawnSync(process.execPath, args, { env: { ...process.env, CI: 'true' }, encoding: 'utf8' });
    expect(stdout).toContain('SUCCEEDED');
    expect(stdout).not.toContain('\u001b');
  });

  test('says what is wrong with bad input', async () => {
    expect(await marid('get', 'jobs', 'no-such-job')).toMatchObject({ code: 3 });
    const none = await marid('submit', '--cluster-tag', 'sched:prod', '--command-tag', 'type:shell', '--', 'true');
    expect(none.code).toBe(5);
    expect(none.stderr).toMatch(/sched:prod/);
    const big = await marid('submit', ...SHELL, '--memory', '400g', '--', 'true');
    expect(big.code).toBe(2);
    expect(big.stderr).toMatch(/memory_mb.*320/);
    const first = await marid('submit', ...SHELL, '--id', 'same', '--', 'true');
    expect(first.code).toBe(0);
    expect((await marid('submit', ...SHELL, '--id', 'same', '--', 'false')).code).toBe(5);
    expect((await marid('files', 'same', '../../etc/passwd')).code).not.toBe(0);
  });

  test('never runs more than the budget allows, and runs them all', async () => {
    const ledger = bench.path('ledger');
    const script = `echo + >> ${ledger}; sleep 0.02; echo - >> ${ledger}`;
    const ids = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const job = await client.submit({
          user: 'tests',
          clusterCriteria: [{ tags: ['sched:test'] }],
          commandCriterion: { tags: ['type:shell'] },
          arguments: [script],
        });
        return job.id;
      }),
    );
    const ended = await Promise.all(ids.map((id) => client.wait(id)));
    expect(ended.filter((job) => job.status !== JobStatus.SUCCEEDED)).toEqual([]);
    let running = 0;
    let most = 0;
    for (const line of (await readFile(ledger, 'utf8')).trim().split('\n')) {
      running += line === '+' ? 1 : -1;
      most = Math.max(most, running);
    }
    expect({ running, enough: most <= 5, several: most > 1 }).toEqual({ running: 0, enough: true, several: true });
  }, 90_000);

  test('accepts one job when the same submit comes 100 times at once', async () => {
    const ledger = bench.path('once');
    const request = {
      user: 'tests',
      clusterCriteria: [{ tags: ['sched:test'] }],
      commandCriterion: { tags: ['type:shell'] },
      arguments: [`echo ran >> ${ledger}`],
    };
    const jobs = await Promise.all(Array.from({ length: 100 }, () => client.submit(request, { id: 'parallel' })));
    expect(new Set(jobs.map((job) => job.id))).toEqual(new Set(['parallel']));
    await client.wait('parallel');
    expect(await readFile(ledger, 'utf8')).toBe('ran\n');
  });

  test('refuses a second one on the same folder or port, and says so', async () => {
    const folder = await runMarid(['dev', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')]);
    expect(folder.code).not.toBe(0);
    expect(folder.stderr).toContain(bench.path('data'));
    const port = await runMarid(['dev', '--listen', dev.address, '--data-folder', bench.path('other')]);
    expect(port.code).not.toBe(0);
    expect(port.stderr).toContain(dev.address);
  });
});

describe('the worker of marid dev', () => {
  test('ends it with a sentence when it cannot start', async () => {
    const bench = await MaridBench.open();
    await mkdir(bench.path('data'));
    await writeFile(bench.path('data', 'worker'), 'a file in the place of a folder');
    const ended = await runMarid(['dev', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')]);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(/^marid: The worker ended unexpectedly: .*data\/worker/m);
    expect(ended.stderr).not.toContain('    at ');
    await bench.close();
  });

  test('ends it with a sentence when another process takes its place', async () => {
    const bench = await MaridBench.open();
    const dev = await bench.start(['dev', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')]);
    await bench.start(['worker', '--control-plane', dev.address, '--state-folder', bench.path('data', 'worker')]);
    expect(await new Promise((resolve) => dev.child.once('close', resolve))).not.toBe(0);
    expect(dev.stderr()).toContain('Run one worker only on a state folder.');
    await bench.close();
  });
});

describe('the end of marid dev', () => {
  test('leaves no process behind', async () => {
    const bench = await MaridBench.open();
    const dev = await bench.start(['dev', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')]);
    await applyRegistry(bench, dev.address);
    await bench.run(dev.address, ['run', ...SHELL, '--', 'true']);
    expect(await dev.end('SIGTERM')).toBe(0);
    const left = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => commandLineOf(pid).includes(bench.folder));
    expect(left).toEqual([]);
    await bench.close();
  });
});

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended in between
  }
}

/** Whether a process is there and has not ended: an orphan that has ended stays a zombie until process 1 finds the time. */
function isRunning(pid: string): boolean {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z';
  return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
}
