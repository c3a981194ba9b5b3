/** Calls that a control plane holds for workers with room. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { toDuration } from '../../proto/codec/index.js';
import type { ControlPlaneConfig } from '../../services/control-plane/config.js';
import { anyJob, openControlPlane, registerEntries, type TestControlPlane } from '../support/control-plane.js';
import { eventually } from '../support/eventually.js';

/** Longer than any test. */
const LONG_MS = 30_000;

let plane: TestControlPlane;

async function open(config: Partial<ControlPlaneConfig> = {}): Promise<void> {
  plane = await openControlPlane({ config });
  await registerEntries(plane);
}

beforeEach(() => open());

afterEach(async () => {
  await plane.stop();
});

const register = (workerId: string, session = `${workerId}-1`) => {
  const facts = { pool: 'default', host: 'host', address: '127.0.0.1:1', memoryBudgetMb: 1000, version: 'test' };
  return plane.workers.registerWorker({ workerId, session, ...facts });
};

const submit = (jobId: string, memoryMb: number) => plane.jobs.submitJob({ jobId, job: anyJob({ memoryMb }) });

const claimNext = (workerId: string, memoryMb = 1000) =>
  plane.workers.claimNext({ workerId, session: `${workerId}-1`, memoryMb, maxJobs: 10, claimId: workerId });

interface Held {
  readonly workerId: string;
  readonly answer: Promise<boolean>;
  /** What came of it; `null`: it is held. */
  readonly outcome: () => unknown;
  readonly cancel: () => void;
}

function hold(workerId: string, o: { memoryMb?: number; waitMs?: number; reservedFor?: string } = {}): Held {
  const { memoryMb = 1000, waitMs = LONG_MS, reservedFor = '' } = o;
  const request = { workerId, session: `${workerId}-1`, memoryMb, wait: toDuration(waitMs), reservedFor };
  const cancelled = new AbortController();
  let outcome: unknown = null;
  const answer = plane.workers.awaitJobs(request, { signal: cancelled.signal }).then(({ ask }) => ask);
  answer.then(
    (ask) => (outcome = ask),
    (error: unknown) => (outcome = error),
  );
  return { workerId, answer, outcome: () => outcome, cancel: () => cancelled.abort() };
}

describe('a call of an idle worker', () => {
  test('is answered when a job has waited for a moment, of one worker only, and of a worker with room', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `w${String(index)}`);
    await Promise.all([...ids, 'small'].map((id) => register(id)));
    const held = [...ids.map((id) => hold(id)), hold('small', { memoryMb: 50 })];
    await submit('a', 100);
    const first = await Promise.race(held.map(async (call) => ({ call, ask: await call.answer })));
    expect(first.ask).toBe(true);
    expect((await claimNext(first.call.workerId)).specifications.map(({ jobId }) => jobId)).toEqual(['a']);
    expect(held.filter((call) => call.outcome() !== null)).toEqual([first.call]);
    const rest = held.filter((call) => call !== first.call);
    await Promise.all(['b', 'c'].map((id) => submit(id, 100)));
    await eventually('two more', () => rest.filter((call) => call.outcome() === true).length >= 2);
    expect(held.at(-1)?.outcome()).toBeNull();
    for (const call of held) call.cancel();
  });

  test('goes to others when the one that was called does not ask', async () => {
    await Promise.all(['deaf', 'w1', 'w2', 'w3'].map((id) => register(id)));
    const held = ['deaf', 'w1', 'w2', 'w3'].map((id) => hold(id));
    await submit('a', 100);
    await eventually('all of them', () => held.every((call) => call.outcome() === true));
  });

  test('ends without a reason after its time, and when a later call of the worker comes', async () => {
    await register('w');
    expect(await hold('w', { waitMs: 0 }).answer).toBe(false);
    const first = hold('w');
    await eventually('that it is held', async () => {
      hold('w', { waitMs: 0 });
      return first.outcome() === false;
    });
  });

  test('is not answered for jobs while the worker drains', async () => {
    await register('w');
    await plane.fleet.drainWorker({ workerId: 'w' });
    await submit('a', 100);
    expect(await hold('w', { waitMs: 2000 }).answer).toBe(false);
  });

  test('is refused when the session is over, and answered when it ends', async () => {
    await register('w');
    const held = hold('w');
    await register('w', 'w-2');
    expect(await held.answer).toBe(true);
    await expect(hold('w').answer).rejects.toMatchObject({ code: 'STALE_SESSION' });
  });

  test('is answered when the worker gets a reservation or loses it, and when there is room for it', async () => {
    await plane.stop();
    await open({ reserveAfterMs: 100 });
    await register('w');
    await submit('earlier', 500);
    await claimNext('w', 500);
    const held = hold('w', { memoryMb: 500 });
    await submit('big', 900);
    expect(await held.answer).toBe(true);
    expect((await claimNext('w', 500)).reservation?.jobId).toBe('big');
    const told = hold('w', { memoryMb: 500, reservedFor: 'big' });
    expect(await hold('w', { memoryMb: 900, reservedFor: 'big' }).answer).toBe(true);
    expect(await told.answer).toBe(false); // a later call came
    const released = hold('w', { memoryMb: 500, reservedFor: 'big' });
    await plane.jobs.killJob({ jobId: 'big', reason: 'enough' });
    expect(await released.answer).toBe(true);
  });

  test('is refused with UNAVAILABLE when the control plane stops', async () => {
    await Promise.all(['w1', 'w2'].map((id) => register(id)));
    const held = hold('w1');
    const last = hold('w2');
    await eventually('that they are held', async () => (await hold('w2', { waitMs: 0 }).answer) === false);
    await plane.stop();
    await expect(held.answer).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(hold('w1').answer).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await last.answer).toBe(false);
  });
});
