/** Whole workers against a control plane in one process: which job starts when. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../core/errors/marid-error.js';
import type { TopicLog } from '../../core/ports/topic-log.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import type { ControlPlaneConfig } from '../../services/control-plane/config.js';
import {
  anyJob,
  openControlPlane,
  registerEntries,
  registerWorker,
  storedJob,
  type TestControlPlane,
} from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';
import { startGatewayWorker, type GatewayWorkerOptions } from '../support/gateway-worker.js';

/** No job waits longer while a worker with room is connected: twice the longest wait of a worker between two questions, and a busy machine. */
const SOON_MS = 5000;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function open(config: Partial<ControlPlaneConfig> = {}): Promise<TestControlPlane> {
  const plane = await openControlPlane({ config });
  stops.push(() => plane.stop());
  await registerEntries(plane);
  return plane;
}

async function start(plane: TestControlPlane, options: Partial<GatewayWorkerOptions> = {}) {
  const worker = await startGatewayWorker(plane, { id: 'w', memoryMb: 1000, runTimeMs: () => 50, ...options });
  stops.push(worker.stop);
  return worker;
}

const submit = (plane: TestControlPlane, jobId: string, memoryMb: number) =>
  plane.jobs.submitJob({ jobId, job: anyJob({ memoryMb }) });

/** Submits small jobs for ever, so that there are always more than fit. */
function submitWithoutEnd(plane: TestControlPlane, ahead: number): { stop(): Promise<void> } {
  const ended = new AbortController();
  let submitted = 0;
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const done = (await plane.jobs.listJobs({ filter: { statuses: [JobStatus.ACCEPTED] }, pageSize: 1000 })).jobs;
      const missing = ahead - done.length;
      await Promise.all(Array.from({ length: Math.max(0, missing) }, () => submit(plane, `s${++submitted}`, 100)));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const running = run();
  return {
    stop: async () => {
      ended.abort();
      await running;
    },
  };
}

describe('a job too big for what small ones leave', () => {
  const SMALL_RUNS_MS = 150;

  test('gets a worker reserved and starts when the jobs that ran there have ended', async () => {
    const plane = await open({ reserveAfterMs: 1000, heartbeatIntervalMs: 500 });
    const { launcher } = await start(plane, { runTimeMs: (id) => (id === 'big' ? 10 : SMALL_RUNS_MS) });
    const stream = submitWithoutEnd(plane, 30);
    stops.push(() => stream.stop());
    await eventually('a full worker', () => launcher.starts.length > 10);
    const submittedAt = performance.now();
    await submit(plane, 'big', 900);
    const explained = await eventually('its reservation', async () => {
      const { details } = await plane.jobs.explainJob({ jobId: 'big' });
      return details.find((each) => each.includes('reserved'));
    });
    expect(explained).toMatch(
      /^Worker w has been reserved for it for .*: it claims nothing else until 900 MiB are free/,
    );
    const reservedAt = performance.now();
    const began = await eventually('its start', () => launcher.starts.find(({ jobId }) => jobId === 'big'));
    expect(began.at - reservedAt).toBeLessThan(SMALL_RUNS_MS + SOON_MS);
    expect(began.at - submittedAt).toBeLessThan(1000 + 2 * SOON_MS);
    const before = launcher.starts.length;
    await eventually('small ones behind it', () => launcher.starts.length > before + 10);
    expect((await plane.fleet.listWorkers({})).workers[0]?.reservedJobId).toBe('');
  });

  test('starves without', async () => {
    const plane = await open({ reserveAfterMs: 3_600_000, reserveAfterOffers: 1000, heartbeatIntervalMs: 500 });
    const { launcher } = await start(plane, { runTimeMs: () => SMALL_RUNS_MS });
    const stream = submitWithoutEnd(plane, 30);
    stops.push(() => stream.stop());
    await eventually('a full worker', () => launcher.starts.length > 10);
    await submit(plane, 'big', 900);
    await eventually('some rounds', () => launcher.starts.length > 60);
    expect(await storedJob(plane, 'big')).toMatchObject({ status: 'ACCEPTED' });
  });
});

describe('backfill', () => {
  test('fifty small jobs behind a big head run at once', async () => {
    const plane = await open();
    const { launcher } = await start(plane, { runTimeMs: (id) => (id === 'first' ? 60_000 : 10) });
    await submit(plane, 'first', 500);
    await eventually('the first', () => launcher.starts.length === 1);
    await submit(plane, 'head', 900);
    const small = Array.from({ length: 50 }, (_, index) => `s${String(index)}`);
    const began = performance.now();
    await Promise.all(small.map((id) => submit(plane, id, 50)));
    await eventually('all of them', () => launcher.starts.length === 51);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    expect((await storedJob(plane, 'head')).status).toBe('ACCEPTED');
  });
});

describe('a worker with room', () => {
  /** Loses every offer: it takes them and gives none out. */
  function withoutOffers(log: TopicLog): TopicLog {
    const subscribe: TopicLog['subscribe'] = (options) => log.subscribe({ ...options, onRecords: () => undefined });
    return { ...bound(log), subscribe };
  }

  /** Cannot be read; what is written to it arrives. */
  function away(log: TopicLog): TopicLog {
    return { ...bound(log), subscribe: () => Promise.reject(new MaridError('UNAVAILABLE', 'the log is away')) };
  }

  test.each([
    ['every offer is lost', withoutOffers],
    ['the log cannot be read', away],
  ])('starts what waits within seconds when %s', async (_, broken) => {
    const plane = await open();
    const { launcher } = await start(plane, { log: broken(plane.log) });
    const began = performance.now();
    // Five times what fits: it must not wait between two questions each time that room is free again.
    await Promise.all(Array.from({ length: 50 }, (_each, index) => submit(plane, `j${String(index)}`, 100)));
    await eventually('all of them', () => launcher.starts.length === 50);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
  });

  test('is not kept from small jobs, whose offers are lost, by big ones that wait in its look-ahead', async () => {
    const plane = await open();
    const { launcher } = await start(plane, { runTimeMs: (id) => (id === 'first' ? 60_000 : 10) });
    await submit(plane, 'first', 500);
    await eventually('the first', () => launcher.starts.length === 1);
    await Promise.all(Array.from({ length: 200 }, (_, index) => submit(plane, `big${String(index)}`, 900)));
    await submit(plane, 'small', 100); // its offer lies behind those that fill the look-ahead
    const began = performance.now();
    await eventually('the small one', () => launcher.starts.length === 2);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
  });

  test('takes only jobs of its pool', async () => {
    const plane = await open({ pools: ['default', 'other'] });
    const [own, other] = [await start(plane), await start(plane, { id: 'o', pool: 'other' })];
    const jobs = (['default', 'other'] as const).flatMap((pool) => [1, 2, 3].map((n) => ({ id: `${pool}${n}`, pool })));
    await Promise.all(jobs.map(({ id, pool }) => plane.jobs.submitJob({ jobId: id, job: anyJob({ pool }) })));
    await eventually('all of them', () => own.launcher.starts.length + other.launcher.starts.length === 6);
    expect(own.launcher.starts.map(({ jobId }) => jobId).sort()).toEqual(['default1', 'default2', 'default3']);
  });
});

describe('a claim race', () => {
  test('1,000 jobs offered to 8 workers at once are each claimed once', async () => {
    const plane = await open();
    const ids = Array.from({ length: 1000 }, (_, index) => `j${String(index)}`);
    const workers = Array.from({ length: 8 }, (_, index) => `w${String(index)}`);
    await Promise.all(workers.map((id) => registerWorker(plane, id)));
    await Promise.all(ids.map((id) => submit(plane, id, 10)));
    const won = await Promise.all(workers.map((workerId) => race(plane, workerId, ids)));
    expect(won.flat().sort()).toEqual([...ids].sort());
    for (const id of ids) {
      const { claim, attempts } = await storedJob(plane, id);
      expect(won[workers.indexOf(claim?.workerId ?? '')]).toContain(id);
      expect(attempts).toHaveLength(1);
    }
  });

  /** Claims everything by offer and by question at once; what it got. */
  async function race(plane: TestControlPlane, workerId: string, ids: readonly string[]): Promise<readonly string[]> {
    const identity = { workerId, session: `${workerId}-1` };
    const asked = [0, 250, 500, 750].map(async (from) => {
      const claims = ids.slice(from, from + 250).map((jobId) => ({ jobId, claimId: `${workerId}-${jobId}` }));
      const { results } = await plane.workers.claim({ ...identity, claims });
      return results.flatMap(({ specification }) => specification?.jobId ?? []);
    });
    const next = plane.workers.claimNext({ ...identity, memoryMb: 1000, maxJobs: 100, claimId: `${workerId}-next` });
    const pulled = (await next).specifications.map(({ jobId }) => jobId);
    return [...(await Promise.all(asked)).flat(), ...pulled];
  }
});

/** The methods of a log as an object of their own, to replace some of them. */
function bound(log: TopicLog): TopicLog {
  return {
    ensureTopics: (options) => log.ensureTopics(options),
    partitions: (options) => log.partitions(options),
    produce: (options) => log.produce(options),
    endOffsets: (options) => log.endOffsets(options),
    subscribe: (options) => log.subscribe(options),
    close: () => log.close(),
  };
}
