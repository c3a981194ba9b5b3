/** A control plane and two workers as separate processes, each worker given only the control plane's address. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../client/index.js';
import { ArchiveStatus, JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { eventually } from '../support/eventually.js';
import { MaridBench, type MaridProcess } from '../support/marid-process.js';
import { applyRegistry, SHELL } from '../support/registry-files.js';

describe('a control plane and two workers', () => {
  let bench: MaridBench;
  let controlPlane: MaridProcess;
  let client: MaridClient;

  const startWorker = (name: string) =>
    bench.start([
      'worker',
      '--control-plane',
      controlPlane.address,
      '--state-folder',
      bench.path(name),
      '--memory',
      '320m',
    ]);

  beforeAll(async () => {
    bench = await MaridBench.open();
    controlPlane = await bench.start(['control-plane', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')]);
    await Promise.all([startWorker('w1'), startWorker('w2')]);
    await applyRegistry(bench, controlPlane.address);
    client = MaridClient.connect({ address: controlPlane.address });
  });

  afterAll(async () => {
    await client.close();
    await bench.close();
  });

  const submit = (script: string) =>
    client.submit({
      user: 'tests',
      clusterCriteria: [{ tags: ['sched:test'] }],
      commandCriterion: { tags: ['type:shell'] },
      arguments: [script],
    });

  test('share the jobs', async () => {
    const jobs = await Promise.all(Array.from({ length: 40 }, () => submit('sleep 0.1')));
    const ended = await Promise.all(jobs.map((job) => client.wait(job.id)));
    expect(ended.every((job) => job.status === JobStatus.SUCCEEDED)).toBe(true);
    expect(new Set(ended.map((job) => job.workerId)).size).toBe(2);
  }, 60_000);

  test('serve the output of each job through the control plane', async () => {
    const jobs = await Promise.all(Array.from({ length: 6 }, (_, index) => submit(`echo line ${String(index)}`)));
    for (const [index, job] of jobs.entries()) {
      await client.wait(job.id);
      const logs = await bench.run(controlPlane.address, ['logs', job.id]);
      expect(logs.stdout).toBe(`line ${String(index)}\n`);
    }
  }, 60_000);

  test('show the output of a job from the archive when its worker has gone, which was killed before it had archived', async () => {
    let worker = await startWorker('archiving');
    const name = String(worker.ready['worker']);
    const marid = (...args: readonly string[]) => bench.run(controlPlane.address, args);
    const others = (await client.fleet.listWorkers({})).workers.filter(({ id }) => id !== name);
    for (const { id } of others) await marid('drain', id);
    const job = await eventually(
      'a job whose files are not archived when its worker is killed',
      async () => {
        const { id } = await submit('echo kept; echo bad >&2; echo x > extra.txt; head -c 1000000 /dev/zero > zero');
        const ended = await client.wait(id);
        if (ended.workerId !== name) return null;
        await worker.end('SIGKILL');
        const { archiveStatus } = await client.get(id);
        worker = await startWorker('archiving');
        return archiveStatus === ArchiveStatus.PENDING ? ended : null;
      },
      60_000,
    );
    await eventually('the archive', async () => {
      return (await client.get(job.id)).archiveStatus === ArchiveStatus.ARCHIVED;
    });
    expect(await worker.end('SIGTERM')).toBe(0);
    expect(await marid('logs', job.id)).toMatchObject({ code: 0, stdout: 'kept\n' });
    expect((await marid('logs', '-f', '--stderr', job.id)).stdout).toBe('bad\n');
    expect((await marid('files', job.id, '-o', 'name')).stdout.split('\n')).toEqual(
      expect.arrayContaining(['extra.txt', 'run', 'stderr', 'stdout', 'zero']),
    );
    const target = bench.path('downloaded');
    expect((await marid('files', job.id, 'zero', '--download', target)).code).toBe(0);
    expect((await readFile(target)).equals(Buffer.alloc(1_000_000))).toBe(true);
    for (const { id } of others) await marid('drain', id, '--undo');
  }, 90_000);

  test('a drained worker claims nothing until the drain is undone', async () => {
    const listed = await client.fleet.listWorkers({});
    const [first] = listed.workers;
    if (first === undefined) throw new Error('no worker is listed');
    expect((await bench.run(controlPlane.address, ['drain', first.id])).code).toBe(0);
    await eventually('the worker to hear of it', async () => {
      const jobs = await Promise.all(Array.from({ length: 8 }, () => submit('true')));
      const ended = await Promise.all(jobs.map((job) => client.wait(job.id)));
      return ended.every((job) => job.workerId !== first.id);
    });
    expect((await bench.run(controlPlane.address, ['drain', first.id, '--undo'])).code).toBe(0);
    await eventually('the worker to claim again', async () => {
      const jobs = await Promise.all(Array.from({ length: 8 }, () => submit('sleep 0.1')));
      const ended = await Promise.all(jobs.map((job) => client.wait(job.id)));
      return ended.some((job) => job.workerId === first.id);
    });
  }, 60_000);

  test('a worker that starts anew takes back the job that its launcher kept running', async () => {
    const ledger = bench.path('adopted');
    const third = await startWorker('w3');
    for (const worker of (await client.fleet.listWorkers({})).workers) {
      if (worker.id !== third.ready['worker']) await client.fleet.drainWorker({ workerId: worker.id });
    }
    const job = await submit(`echo start >> ${ledger}; while ! test -e ${ledger}.go; do sleep 0.05; done; exit 9`);
    await eventually('the job to run', async () => (await client.get(job.id)).status === JobStatus.RUNNING);
    await third.end('SIGKILL');
    const again = await startWorker('w3');
    expect(again.ready['worker']).toBe(third.ready['worker']);
    await writeFile(`${ledger}.go`, '');
    const ended = await client.wait(job.id);
    expect(ended.result?.exitCode).toBe(9);
    expect(await readFile(ledger, 'utf8')).toBe('start\n');
  }, 60_000);
});

describe('marid worker', () => {
  test('drains on SIGTERM, leaves its job to the launcher on a second one, and the next one takes it back', async () => {
    const bench = await MaridBench.open();
    const listen = ['--listen', '127.0.0.1:0'];
    const plane = await bench.start(['control-plane', ...listen, '--data-folder', bench.path('data')]);
    const worker = ['worker', '--control-plane', plane.address, '--state-folder', bench.path('w'), '--memory', '320m'];
    const first = await bench.start(worker);
    await applyRegistry(bench, plane.address);
    const gate = bench.path('gate');
    const script = `echo started; while ! test -e ${gate}; do sleep 0.05; done; exit 6`;
    const id = (await bench.run(plane.address, ['submit', ...SHELL, '--', script])).stdout.trim();
    await eventually(
      'the job to run',
      async () => (await bench.run(plane.address, ['logs', id])).stdout === 'started\n',
    );
    const ended = first.end('SIGTERM');
    await eventually('the drain to be said', () => first.stderr().includes('drain'));
    first.child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await bench.start(worker);
    await writeFile(gate, '');
    expect((await bench.run(plane.address, ['wait', id, '--timeout', '20s'])).code).toBe(7);
    expect((await bench.run(plane.address, ['describe', 'job', id])).stdout).toMatch(/exit code:? 6/i);
    await bench.close();
  }, 60_000);

  test('is drained until no job is left, or reported when the time is over', async () => {
    const bench = await MaridBench.open();
    const plane = await bench.start(['control-plane', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')], {
      MARID_CONTROL_PLANE_HEARTBEAT_INTERVAL_MS: '300',
    });
    const worker = ['worker', '--control-plane', plane.address, '--state-folder', bench.path('w'), '--memory', '320m'];
    const name = String((await bench.start(worker)).ready['worker']);
    await applyRegistry(bench, plane.address);
    const gate = bench.path('gate');
    const script = `echo started; while ! test -e ${gate}; do sleep 0.05; done`;
    const id = (await bench.run(plane.address, ['submit', ...SHELL, '--', script])).stdout.trim();
    await eventually('the job to run', async () => (await bench.run(plane.address, ['logs', id])).stdout !== '');
    const late = await bench.run(plane.address, ['drain', '--wait', '1s', name]);
    expect(late).toMatchObject({ code: 124, stdout: expect.stringContaining('1 jobs left\n') });
    const drained = bench.run(plane.address, ['drain', '--wait', '30s', name]);
    await writeFile(gate, '');
    expect(await drained).toMatchObject({ code: 0, stdout: expect.stringContaining('no job left\n') });
    expect((await bench.run(plane.address, ['wait', id])).code).toBe(0);
    await bench.close();
  }, 60_000);

  test('waits for its control plane, and goes on when it comes back', async () => {
    const bench = await MaridBench.open();
    const data = bench.path('data');
    const first = await bench.start(['control-plane', '--listen', '127.0.0.1:0', '--data-folder', data]);
    await bench.start([
      'worker',
      '--control-plane',
      first.address,
      '--state-folder',
      bench.path('w'),
      '--memory',
      '320m',
    ]);
    await applyRegistry(bench, first.address);
    await first.end('SIGTERM');
    const second = await bench.start(['control-plane', '--listen', first.address, '--data-folder', data]);
    const done = await bench.run(second.address, ['run', ...SHELL, '--', 'echo back']);
    expect(done).toMatchObject({ code: 0, stdout: 'back\n' });
    await bench.close();
  }, 60_000);
});

describe('marid control-plane', () => {
  test('ends soon on SIGTERM with open watches, which carry on at the next one', async () => {
    const bench = await MaridBench.open();
    const data = bench.path('data');
    const first = await bench.start(['control-plane', '--listen', '127.0.0.1:0', '--data-folder', data]);
    const { address } = first;
    await bench.start(['worker', '--control-plane', address, '--state-folder', bench.path('w'), '--memory', '320m']);
    await applyRegistry(bench, address);
    const gate = bench.path('gate');
    const script = `echo before; while ! test -e ${gate}; do sleep 0.05; done; echo after; exit 3`;
    const id = (await bench.run(address, ['submit', ...SHELL, '--', script])).stdout.trim();
    await eventually('the job to run', async () => (await bench.run(address, ['logs', id])).stdout === 'before\n');
    const client = MaridClient.connect({ address });
    const seen: bigint[] = [];
    const watching = (async () => {
      for await (const { transition } of client.watch(id)) seen.push(transition?.sequence ?? 0n);
    })();
    let text = '';
    const following = (async () => {
      for await (const piece of client.follow(id, 'stdout')) text += Buffer.from(piece).toString();
    })();
    const ended = client.wait(id);
    await eventually('open streams', () => seen.length > 0 && text === 'before\n');
    const asked = performance.now();
    expect(await first.end('SIGTERM')).toBe(0);
    expect(performance.now() - asked).toBeLessThan(25_000);
    await bench.start(['control-plane', '--listen', address, '--data-folder', data]);
    await writeFile(gate, '');
    await Promise.all([watching, following]);
    expect(seen).toEqual(seen.map((_, index) => BigInt(index + 1)));
    expect(text).toBe('before\nafter\n');
    expect((await ended).status).toBe(JobStatus.FAILED);
    await client.close();
    await bench.close();
  }, 90_000);
});
