/** Two control planes and three workers in two pools over the distributed engines, all of them processes of their own. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../client/index.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { distributedEnvironment } from '../support/distributed.js';
import { eventually } from '../support/eventually.js';
import { MaridBench, type MaridProcess } from '../support/marid-process.js';
import { applyRegistry } from '../support/registry-files.js';

const JOBS = 1000;
const IN_FLIGHT = 16;
const POOLS = ['default', 'other'] as const;

const environment = await distributedEnvironment();
const onEngines = environment === null ? describe.skip : describe;

onEngines('two control planes and three workers in two pools', () => {
  let bench: MaridBench;
  let planes: MaridProcess[];
  let client: MaridClient;
  const others: MaridClient[] = [];

  const startPlane = (): Promise<MaridProcess> =>
    bench.start(['control-plane', '--listen', '127.0.0.1:0'], {
      ...environment,
      MARID_CONTROL_PLANE_POOLS: JSON.stringify(POOLS),
    });
  const startWorker = (name: string, pool: string): Promise<MaridProcess> => {
    const addresses = planes.map(({ address }) => address).join(',');
    const args = ['worker', '--control-plane', addresses, '--state-folder', bench.path(name), '--pool', pool];
    return bench.start([...args, '--memory', '512m'], { ...environment });
  };
  const clientOf = (address: string): MaridClient => {
    const made = MaridClient.connect({ address });
    others.push(made);
    return made;
  };
  const request = (script: string, pool = 'default') => ({
    user: 'tests',
    pool,
    clusterCriteria: [{ tags: ['sched:test'] }],
    commandCriterion: { tags: ['type:shell'] },
    arguments: [script],
  });

  beforeAll(async () => {
    bench = await MaridBench.open();
    planes = await Promise.all([startPlane(), startPlane()]);
    await Promise.all([startWorker('w1', 'default'), startWorker('w2', 'default'), startWorker('w3', 'other')]);
    client = clientOf(planes.map(({ address }) => address).join(','));
    await applyRegistry(bench, planes[0]?.address ?? '');
  }, 120_000);

  afterAll(async () => {
    for (const each of others) await each.close();
    await bench.close();
  }, 60_000);

  test('what is registered and submitted at one is known at the other at once', async () => {
    const [first, second] = planes.map(({ address }) => clientOf(address));
    if (first === undefined || second === undefined) throw new Error('there are two');
    for (const round of [1, 2, 3]) {
      const tag = `fresh-${String(round)}`;
      const cluster = { id: tag, name: tag, user: 'tests', version: '1', tags: [tag] };
      await first.clusters.createCluster({ cluster });
      await first.commands.createCommand({
        command: {
          ...{ id: tag, name: tag, user: 'tests', version: '1', executable: ['/bin/true'] },
          clusterCriteria: [{ tags: [tag] }],
        },
      });
      expect(
        (await second.resolve({ ...request(''), clusterCriteria: [{ tags: [tag] }], commandCriterion: { id: tag } }))
          .matched,
      ).toBe(true);
    }
    const job = await first.submit(request('echo hello'));
    expect((await second.wait(job.id)).status).toBe(JobStatus.SUCCEEDED);
    const pieces: Uint8Array[] = [];
    for await (const piece of second.follow(job.id, 'stdout')) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe('hello\n');
    const sleeper = await first.submit(request('sleep 300'));
    await eventually('it runs', async () => (await second.get(sleeper.id)).status === JobStatus.RUNNING);
    await second.kill(sleeper.id);
    expect((await first.wait(sleeper.id)).status).toBe(JobStatus.KILLED);
  }, 90_000);

  test('one is killed with open watches and claims in flight: clients carry on, nothing is lost and nothing runs twice', async () => {
    const ledger = bench.path('ledger');
    const seen = new Map<string, number[]>();
    const stop = new AbortController();
    const watching = watchAll(client, seen, stop.signal);
    // A watch of all jobs begins when it is open, which nothing but its first news tells.
    await eventually('the watch to be open', async () => {
      await client.wait((await client.submit(request('true'))).id);
      return seen.size > 0;
    });
    const accepted: string[] = [];
    const waits: Promise<JobStatus>[] = [];
    let next = 0;
    const submitter = async (): Promise<void> => {
      while (next < JOBS) {
        const index = next++;
        const id = `job-${String(index)}`;
        const script = `echo "$GENIE_JOB_ID" >> ${ledger}`;
        await client.submit(request(script, POOLS[index % 3 === 0 ? 1 : 0]), { id });
        accepted.push(id);
        waits.push(client.wait(id).then(({ status }) => status));
        if (accepted.length === JOBS / 2) await planes[0]?.end('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, submitter));
    const statuses = await Promise.all(waits);
    expect(statuses.filter((status) => status !== JobStatus.SUCCEEDED)).toEqual([]);
    const ran = (await readFile(ledger, 'utf8')).trim().split('\n').sort();
    expect(ran).toEqual([...accepted].sort());
    const incomplete = (): readonly unknown[] =>
      accepted.filter((id) => (seen.get(id)?.length ?? 0) < 6).map((id) => [id, seen.get(id)]);
    await eventually('every transition to be watched', () => incomplete().length === 0, 60_000).catch(() => undefined);
    expect(incomplete()).toEqual([]);
    stop.abort();
    await watching;
    for (const id of accepted) {
      const sequences = seen.get(id) ?? [];
      expect([id, sequences]).toEqual([id, sequences.map((_, index) => index + 1)]);
    }
    const again = await client.fleet.listLeaderTasks({});
    expect(again.leader).not.toBe('');
  }, 300_000);
});

/** Notes the sequences of every job, in the order in which the watch tells them. */
async function watchAll(client: MaridClient, seen: Map<string, number[]>, signal: AbortSignal): Promise<void> {
  try {
    for await (const { jobId, transition } of client.watchAll({ signal })) {
      const sequences = seen.get(jobId) ?? [];
      sequences.push(Number(transition?.sequence));
      seen.set(jobId, sequences);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
