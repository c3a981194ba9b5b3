/** MongoDB fails under two control planes, with jobs running and callers that never cease: by what the jobs themselves wrote, nothing accepted is lost and nothing runs twice. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { CALL_MS } from '../../infra/store/mongo/mongo-limits.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { distributedEnvironment } from '../support/distributed.js';
import { DistributedMarid, RECOVERY_MS, type Plane } from '../support/distributed-marid.js';
import { eventually } from '../support/eventually.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { withClient } from '../support/mongo-database.js';
import { startMongoServer, type TestMongoServer } from '../support/mongo-server.js';
import { applyRegistry } from '../support/registry-files.js';

const CALLERS = 8;
/** Less than the outages: without renewals the launcher ends jobs at 0.7 of it. */
const LEASE_TTL_MS = 9000;
const OUTAGE_MS = 12_000;
/** What the caller of a single call may see; a busy machine adds to the store's limit. */
const BOUND_MS = CALL_MS + 4000;
/** Until a job that was not offered runs: about two seconds, on a machine that has time. */
const WITHIN_MS = 20_000;

/** Something that is wrong with a server for a while. */
interface Trouble {
  readonly begin: () => unknown;
  /** Default: 0. */
  readonly leastMs?: number;
  readonly end: () => unknown;
}

const server = await startMongoServer();
const environment = await distributedEnvironment();
const block = server === null || environment === null ? describe.skip : describe;

block(`Marid while its store fails: ${server?.product ?? 'none'}`, () => {
  const clock = new SystemClock();
  let mongo: TestMongoServer;
  let proxy: FaultProxy;
  let marid: DistributedMarid;
  /** The first control plane reaches the store through the proxy, the second past it. */
  let throughProxy: Readonly<Record<string, string>>;

  beforeAll(async () => {
    if (server === null || environment === null) throw new Error('skipped');
    mongo = server;
    const { host } = new URL(mongo.url);
    proxy = await FaultProxy.open(host);
    throughProxy = { MARID_CONTROL_PLANE_MONGO_URL: `mongodb://${proxy.url}/?directConnection=true` };
    marid = await DistributedMarid.open({
      ...environment,
      MARID_CONTROL_PLANE_MONGO_URL: mongo.url,
      MARID_CONTROL_PLANE_LEASE_TTL_MS: String(LEASE_TTL_MS),
      MARID_CONTROL_PLANE_HEARTBEAT_INTERVAL_MS: '1000',
    });
    const { address } = await marid.startPlane(0, throughProxy);
    await Promise.all([applyRegistry(marid.bench, address), marid.startWorker('w1'), marid.startWorker('w2')]);
  }, 120_000);

  afterEach(() => {
    proxy.fault = { kind: 'none' };
    mongo.process.thaw();
  });
  afterAll(async () => {
    await marid.close();
    await proxy.close();
    await mongo.stop();
  }, 60_000);

  /** Callers before, during and after the trouble, which lasts until some are told of it and at least as long as it says; then the account of it. */
  async function callDuring(name: string, trouble: Trouble): Promise<readonly string[]> {
    const callers = marid.call(name, CALLERS);
    await callers.more(CALLERS);
    await trouble.begin();
    await clock.sleep(trouble.leastMs ?? 0);
    await eventually('a caller to be told', () => callers.failures.length > 0, RECOVERY_MS);
    await trouble.end();
    await callers.more(2 * CALLERS);
    return callers.verdict(BOUND_MS);
  }

  test('a control plane killed between insert and offer: the job runs once it is back', async () => {
    const plane = marid.planes[0];
    const jobId = 'not-offered';
    proxy.trap(jobId, { kind: 'lost-answers' });
    const submitting = plane?.client.jobs
      .submitJob({ jobId, job: marid.request() }, {})
      .catch((error: unknown) => error);
    const stored = () =>
      withClient(mongo.url, (client) => {
        const name = environment?.['MARID_CONTROL_PLANE_MONGO_DATABASE'];
        return client.db(name).collection<{ readonly _id: string }>('jobs').findOne({ _id: jobId });
      });
    await eventually('the insert', stored);
    await plane?.process.end('SIGKILL');
    expect(await submitting).toMatchObject({ code: 'UNAVAILABLE' });
    proxy.fault = { kind: 'none' };
    await marid.startPlane(0, throughProxy);
    await eventually('it to end', async () => (await marid.ledger.entries('end')).includes(jobId), WITHIN_MS);
    expect((await plane?.client.wait(jobId))?.status).toBe(JobStatus.SUCCEEDED);
    expect(await marid.ledger.wrong([jobId])).toEqual([]);
  }, 60_000);

  test('the answers to the writes of one control plane are lost', async () => {
    await marid.startPlane(1);
    const wrong = await callDuring('lost', {
      begin: () => (proxy.fault = { kind: 'lost-answers' }),
      end: () => (proxy.fault = { kind: 'none' }),
    });
    expect(wrong).toEqual([]);
  }, 120_000);

  test('cut off from one control plane alone: the other gets its worker events and leads', async () => {
    const other = marid.planes[1];
    if (other === undefined) throw new Error('there is one control plane');
    proxy.fault = { kind: 'half-open' };
    const ids = Array.from({ length: 12 }, (_, index) => `cut-${String(index)}`);
    await Promise.all(ids.map((id) => other.client.submit(marid.request(), { id })));
    const ended = await Promise.all(ids.map((id) => other.client.wait(id, { timeoutMs: RECOVERY_MS })));
    expect(ended.map(({ status }) => status)).toEqual(ids.map(() => JobStatus.SUCCEEDED));
    await eventually('the other to lead', () => leads(other), RECOVERY_MS);
    proxy.fault = { kind: 'none' };
    const { client } = marid.planes[0] ?? other;
    await eventually('the first to answer', () => client.get('cut-0').catch(() => null), RECOVERY_MS);
    expect(await marid.ledger.wrong(ids)).toEqual([]);
  }, 180_000);

  test('frozen for longer than a lease: running jobs go on', async () => {
    const gate = marid.gate('frozen');
    const ids = ['long-1', 'long-2', 'long-3', 'long-4'];
    await Promise.all(ids.map((id) => marid.client.submit(marid.request(gate.body), { id })));
    const running = async () => (await marid.ledger.entries('start')).filter((id) => ids.includes(id)).length;
    await eventually('them to run', async () => (await running()) === ids.length, RECOVERY_MS);
    const wrong = await callDuring('frozen', {
      begin: () => mongo.process.freeze(),
      leastMs: OUTAGE_MS,
      end: () => mongo.process.thaw(),
    });
    expect(wrong).toEqual([]);
    await gate.open();
    const ended = await Promise.all(ids.map((id) => marid.client.wait(id)));
    expect(ended.map((job) => [job.status, job.attempts.length])).toEqual(ids.map(() => [JobStatus.SUCCEEDED, 1]));
    expect(await marid.ledger.wrong(ids)).toEqual([]);
  }, 180_000);

  test('killed during claims and started again', async () => {
    const wrong = await callDuring('killed', {
      begin: () => mongo.process.kill(),
      end: () => mongo.process.start(),
    });
    expect(wrong).toEqual([]);
  }, 120_000);
});

/** Whether a control plane leads, by its log. */
function leads({ process }: Plane): boolean {
  const log = process.stderr();
  return log.lastIndexOf('"this control plane leads"') > log.lastIndexOf('"this control plane does not lead any more"');
}
