/** A control plane and two workers as separate processes, each worker given only the control plane's address. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../client/index.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
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
