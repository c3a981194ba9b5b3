/** An accepted job is never lost: the control plane is killed at random moments while 500 jobs are submitted. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../client/index.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { MaridBench, type MaridProcess } from '../support/marid-process.js';
import { applyRegistry } from '../support/registry-files.js';

const JOBS = 500;
const KILLS = 4;

describe('SIGKILL of the control plane', () => {
  test('loses no accepted job and runs none twice', async () => {
    const bench = await MaridBench.open();
    const ledger = bench.path('ledger');
    const data = bench.path('data');
    const start = (listen: string): Promise<MaridProcess> =>
      bench.start(['control-plane', '--listen', listen, '--data-folder', data]);
    let controlPlane = await start('127.0.0.1:0');
    const { address } = controlPlane;
    await bench.start(['worker', '--control-plane', address, '--state-folder', bench.path('w'), '--memory', '1g']);
    await applyRegistry(bench, address);
    const client = MaridClient.connect({ address });

    const accepted: string[] = [];
    const submitting = submitAll(client, ledger, accepted);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await reached(accepted, Math.floor((JOBS * (kill - Math.random() * 0.8)) / KILLS));
      await controlPlane.end('SIGKILL');
      controlPlane = await start(address);
    }
    await submitting;
    const ended = await Promise.all(accepted.map((id) => client.wait(id)));
    expect(ended.filter((job) => job.status !== JobStatus.SUCCEEDED).map((job) => [job.id, job.message])).toEqual([]);
    const ran = (await readFile(ledger, 'utf8')).trim().split('\n').sort();
    expect(ran).toEqual([...accepted].sort());
    await client.close();
    await bench.close();
  }, 240_000);
});

/** Submits all jobs, eight at a time, each until it is accepted. */
async function submitAll(client: MaridClient, ledger: string, accepted: string[]): Promise<void> {
  let next = 0;
  const submitter = async (): Promise<void> => {
    while (next < JOBS) {
      const id = `job-${String(next++)}`;
      await client.submit(
        {
          user: 'tests',
          clusterCriteria: [{ tags: ['sched:test'] }],
          commandCriterion: { tags: ['type:shell'] },
          arguments: [`echo "$GENIE_JOB_ID" >> ${ledger}`],
        },
        { id },
      );
      accepted.push(id);
    }
  };
  await Promise.all(Array.from({ length: 8 }, submitter));
}

async function reached(accepted: readonly string[], count: number): Promise<void> {
  while (accepted.length < count) await new Promise((resolve) => setImmediate(resolve));
}
