/** Workers that vanish for good, alone and many at once, and a control plane that is away for longer than every lease: real processes, and jobs that note in a ledger what they do. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../client/index.js';
import { JobStatus, type Job } from '../../proto/gen/marid/v1/job_pb.js';
import { WorkerState } from '../../proto/gen/marid/v1/fleet_service_pb.js';
import { eventually } from '../support/eventually.js';
import { MaridBench, type MaridProcess } from '../support/marid-process.js';
import { applyRegistry } from '../support/registry-files.js';

/** Beyond the lease until a worker is given up, as by default. */
const GRACE_MS = 15_000;
/** Where nothing of it is to be seen but that it is over. */
const SHORT_GRACE_MS = 2000;
/** The smallest that the configuration allows. */
const SMALLEST_TTL_MS = 4000;
/** What the leader may take to see that a lease and its grace are over: two sweeps, a call that fails, and a busy machine. */
const SWEEPS_MS = 20_000;
/** A busy machine may need as long for a sweep, a call that fails and what follows. */
const LONG_MS = 60_000;

let bench: MaridBench;
let plane: MaridProcess;
let client: MaridClient;
let submitted: string[];

beforeEach(async () => {
  submitted = [];
  bench = await MaridBench.open();
});

afterEach(async () => {
  await Promise.all(submitted.map((id) => writeFile(bench.path(`gate-${id}`), '')));
  await client.close();
  await bench.close();
}, 60_000);

async function startPlane(leaseTtlMs: number, graceMs = SHORT_GRACE_MS, listen = '127.0.0.1:0'): Promise<void> {
  plane = await bench.start(['control-plane', '--listen', listen, '--data-folder', bench.path('data')], {
    MARID_CONTROL_PLANE_LEASE_TTL_MS: String(leaseTtlMs),
    MARID_CONTROL_PLANE_LEASE_GRACE_MS: String(graceMs),
    MARID_CONTROL_PLANE_EXPIRY_WARM_UP_MS: '0',
    MARID_CONTROL_PLANE_HEARTBEAT_INTERVAL_MS: String(leaseTtlMs / 10),
  });
  if (listen !== '127.0.0.1:0') return;
  client = MaridClient.connect({ address: plane.address });
  await applyRegistry(bench, plane.address);
}

/** A worker with room for as many jobs. */
function startWorker(name: string, jobs = 10): Promise<MaridProcess> {
  const options = ['--state-folder', bench.path(name), '--memory', `${String(64 * jobs)}m`];
  return bench.start(['worker', '--control-plane', plane.address, ...options]);
}

/** Runs until its gate is there, and notes in the ledger the process of each attempt. */
async function submit(id: string, maxAttempts = 1, isStubborn = false): Promise<void> {
  submitted.push(id);
  const gate = bench.path(`gate-${id}`);
  const trap = isStubborn ? "trap '' TERM; " : '';
  const script = `${trap}echo ${id} $$ >> ${bench.path('ledger')}; while ! test -e ${gate}; do sleep 0.1; done; exit 3`;
  const criteria = { clusterCriteria: [{ tags: ['sched:test'] }], commandCriterion: { tags: ['type:shell'] } };
  await client.submit({ user: 'tests', ...criteria, arguments: [script], maxAttempts }, { id });
}

const running = (id: string): Promise<unknown> =>
  eventually(`${id} to run`, async () => (await client.get(id)).status === JobStatus.RUNNING, LONG_MS);

/** Processes of a job's attempts, in order. */
function processesOf(id: string): readonly number[] {
  if (!existsSync(bench.path('ledger'))) return [];
  const lines = readFileSync(bench.path('ledger'), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith(`${id} `)).map((line) => Number(line.split(' ')[1]));
}

function lives(processId: number): boolean {
  try {
    return !readFileSync(`/proc/${String(processId)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

const anyLives = (ids: readonly string[]): boolean => ids.flatMap(processesOf).some(lives);

const stateOf = async (workerId: unknown): Promise<WorkerState | undefined> =>
  (await client.fleet.listWorkers({})).workers.find(({ id }) => id === workerId)?.state;

describe('a worker that is killed and does not come back', () => {
  test('with the shortest lease leaves no process behind at 0.85 of it; its jobs are tried again or FAILED after lease and grace', async () => {
    const ids = ['once', 'stubborn', 'twice'];
    await startPlane(SMALLEST_TTL_MS, GRACE_MS);
    const worker = await startWorker('w1');
    await Promise.all([submit('once'), submit('stubborn', 1, true), submit('twice', 2)]);
    await Promise.all(ids.map(running));
    await startWorker('w2');
    const killedAt = performance.now();
    await worker.end('SIGKILL');
    await eventually('the end of the processes', () => !anyLives(ids), LONG_MS);
    expect(performance.now() - killedAt).toBeLessThan(0.85 * SMALLEST_TTL_MS);
    expect((await client.get('once')).status).toBe(JobStatus.RUNNING);
    const { summary } = await eventually('the silence to be told', async () => {
      const explanation = await client.explain('once');
      return explanation.summary.includes('silent for') && explanation;
    });
    expect(summary).toContain('then the job ends FAILED');
    for (const id of ['once', 'stubborn']) {
      const job = await client.wait(id);
      expect(job).toMatchObject({ status: JobStatus.FAILED, reason: 'WORKER_LOST' });
      expect(job.attempts[0]).toMatchObject({ reason: 'LEASE_EXPIRED', infrastructureFailure: true });
    }
    const gaveUpMs = performance.now() - killedAt;
    expect(gaveUpMs).toBeGreaterThan(SMALLEST_TTL_MS - SMALLEST_TTL_MS / 10 + GRACE_MS);
    expect(gaveUpMs).toBeLessThan(SMALLEST_TTL_MS + GRACE_MS + SWEEPS_MS);
    await eventually('the second attempt', () => processesOf('twice').length === 2, LONG_MS);
    expect(ids.map((id) => processesOf(id).length)).toEqual([1, 1, 2]);
    await writeFile(bench.path('gate-twice'), '');
    expect((await client.wait('twice')).result?.exitCode).toBe(3);
    expect(await stateOf(worker.ready['worker'])).toBe(WorkerState.EXPIRED);
  }, 120_000);
});

describe('a control plane that is away for five leases', () => {
  test('gives nobody up when it is back, and shows how jobs really ended', async () => {
    const leaseTtlMs = SMALLEST_TTL_MS;
    await startPlane(leaseTtlMs);
    const worker = await startWorker('w1');
    await Promise.all([submit('ends'), submit('fenced')]);
    await Promise.all([running('ends'), running('fenced')]);
    await plane.end('SIGKILL');
    await writeFile(bench.path('gate-ends'), '');
    await eventually('the fence', () => !anyLives(['ends', 'fenced']), LONG_MS);
    await new Promise((resolve) => setTimeout(resolve, 5 * leaseTtlMs));
    await startPlane(leaseTtlMs, SHORT_GRACE_MS, plane.address);
    expect((await client.wait('ends')).result?.exitCode).toBe(3);
    expect(await client.wait('fenced')).toMatchObject({ status: JobStatus.FAILED, reason: 'LEASE_EXPIRED' });
    await new Promise((resolve) => setTimeout(resolve, 2 * leaseTtlMs));
    expect(await stateOf(worker.ready['worker'])).toBe(WorkerState.ACTIVE);
  }, 120_000);
});

describe('half of ten workers that vanish at once', () => {
  test('are not given up: the brake holds and says so, until some of them are back', async () => {
    const leaseTtlMs = 10_000;
    await startPlane(leaseTtlMs);
    const names = Array.from({ length: 10 }, (_, index) => `w${String(index)}`);
    const workers: MaridProcess[] = [];
    for (const name of names) workers.push(await startWorker(name, 1));
    const ids = names.map((name) => `job-${name}`);
    await Promise.all(ids.map((id) => submit(id)));
    await Promise.all(ids.map(running));
    const half = workers.slice(0, 5);
    await Promise.all(half.map((worker) => worker.end('SIGKILL')));
    const owners = half.map(({ ready }) => ready['worker']);
    const all = await Promise.all(ids.map((id) => client.get(id)));
    const lost = all.filter(({ workerId }) => owners.includes(workerId));
    const jobs = () => Promise.all(lost.map(({ id }) => client.get(id)));
    const listed = () => bench.run(plane.address, ['workers']);
    await eventually(
      'the brake',
      async () => (await listed()).stderr.includes('5 of 10 workers of pool default'),
      LONG_MS,
    );
    await new Promise((resolve) => setTimeout(resolve, 3 * SHORT_GRACE_MS));
    expect((await jobs()).map(({ status }) => status)).toEqual(Array(5).fill(JobStatus.RUNNING));
    expect((await listed()).stdout.match(/SILENT/g)).toHaveLength(5);
    expect((await client.explain(lost[0]?.id ?? '')).summary).toContain('Its attempt is not given up: 5 of 10');
    expect(plane.stderr()).toContain('too many workers are silent');
    await Promise.all(names.slice(0, 2).map((name) => startWorker(name, 1)));
    const isGivenUp = ({ reason, attempts }: Job): boolean =>
      reason === 'WORKER_LOST' && attempts[0]?.reason === 'LEASE_EXPIRED';
    await eventually('the others to be given up', async () => (await jobs()).filter(isGivenUp).length === 3, LONG_MS);
  }, 240_000);
});
