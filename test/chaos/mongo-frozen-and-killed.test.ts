/** A MongoDB server that stops answering, and one that is killed: bounded errors, no false answer, nothing acknowledged lost, and it goes on by itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isMaridError } from '../../core/errors/marid-error.js';
import type { Job } from '../../core/job/job.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { MongoJobStore } from '../../infra/store/mongo/mongo-job-store.js';
import { CALL_MS } from '../../infra/store/mongo/mongo-limits.js';
import { eventually } from '../support/eventually.js';
import { advanceJob, makeJob } from '../support/job-fixtures.js';
import { openTestMongo, type TestMongo } from '../support/mongo-database.js';
import { startMongoServer, type TestMongoServer } from '../support/mongo-server.js';

/** How many clients call at once. */
const CALLERS = 40;
/** What a busy machine may add to the limit of a call. */
const SLACK_MS = 2500;

const server = await startMongoServer();
const block = server === null ? describe.skip : describe;

/** What callers were told. */
class Ledger {
  readonly inserted: Job[] = [];
  readonly claimed: Job[] = [];
  readonly codes: string[] = [];
  /** Errors that are none of the two that callers are promised. */
  readonly strange: unknown[] = [];
  refused = 0;
  slowestMs = 0;

  async time(call: () => Promise<boolean>, acknowledged: () => void): Promise<boolean> {
    const startedAt = performance.now();
    try {
      const done = await call();
      if (done) acknowledged();
      else this.refused += 1;
      return done;
    } catch (error) {
      if (isMaridError(error)) this.codes.push(error.code);
      else this.strange.push(error);
      return false;
    } finally {
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
    }
  }

  /** Inserts a job and claims it, over and over, until told to end. */
  async call(store: MongoJobStore, end: AbortSignal): Promise<void> {
    while (!end.aborted) {
      const job = makeJob();
      if (
        !(await this.time(
          () => store.insert({ job }),
          () => this.inserted.push(job),
        ))
      )
        continue;
      const claimed = advanceJob(job, 'CLAIMED');
      await this.time(
        () => store.replace({ job: claimed }),
        () => this.claimed.push(claimed),
      );
    }
  }
}

block(`a server that fails: ${server?.product ?? 'none'}`, () => {
  let mongo: TestMongo;
  let store: MongoJobStore;
  let own: TestMongoServer;
  beforeAll(async () => {
    if (server === null) throw new Error('skipped');
    own = server;
    mongo = await openTestMongo(own.url);
    store = new MongoJobStore(mongo.database);
  });
  afterAll(async () => {
    await mongo.close();
    await own.stop();
  });

  async function runDuring(trouble: (ledger: Ledger) => Promise<void>): Promise<Ledger> {
    const ledger = new Ledger();
    const end = new AbortController();
    const callers = Array.from({ length: CALLERS }, () => ledger.call(store, end.signal));
    await eventually('work goes on', () => ledger.claimed.length >= 100);
    await trouble(ledger);
    const before = ledger.claimed.length;
    await eventually('work goes on again', () => ledger.claimed.length >= before + 100, 30_000);
    end.abort();
    await Promise.all(callers);
    return ledger;
  }

  async function expectKept(ledger: Ledger): Promise<void> {
    const stored = await store.getMany({ ids: ledger.inserted.map((job) => job.id) });
    expect(stored.filter((job) => job === null)).toEqual([]);
    const claimed = await store.getMany({ ids: ledger.claimed.map((job) => job.id) });
    expect(claimed).toEqual(ledger.claimed);
    expect(ledger.refused).toBe(0);
    expect(ledger.strange).toEqual([]);
    expect(new Set([...ledger.codes, 'UNAVAILABLE', 'DEADLINE_EXCEEDED']).size).toBe(2);
  }

  test('frozen for 12 s: every call ends in bounded time, and work goes on by itself', async () => {
    const ledger = await runDuring(async ({ codes }) => {
      own.process.freeze();
      try {
        await new SystemClock().sleep(12_000);
      } finally {
        own.process.thaw();
      }
      expect(codes.length).toBeGreaterThanOrEqual(CALLERS);
    });
    expect(ledger.slowestMs).toBeLessThan(CALL_MS + SLACK_MS);
    await expectKept(ledger);
    expect(mongo.logger.lines.map((line) => line.message)).toContain('mongodb server lost');
  }, 90_000);

  test('killed and started again: nothing that was acknowledged is lost', async () => {
    const ledger = await runDuring(() => own.process.restart());
    expect(ledger.slowestMs).toBeLessThan(CALL_MS + SLACK_MS);
    await expectKept(ledger);
  }, 90_000);
});
