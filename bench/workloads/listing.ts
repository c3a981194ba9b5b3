/**
 * Pages of jobs over a large store in SQLite, and in a MongoDB that is given: the first page and the deepest one, unfiltered and by a user, a tag and a status. MongoDB's
 * come first, so that a server that is not there is told at once.
 */
import { join } from 'node:path';
import type { JobFilter, JobPosition, JobStore } from '../../core/ports/job-store.js';
import { PinoLogger } from '../../infra/runtime/pino-logger.js';
import { errorText } from '../../core/errors/system-error.js';
import { SqliteDatabase } from '../../infra/store/sqlite/sqlite-database.js';
import { SqliteJobStore } from '../../infra/store/sqlite/sqlite-job-store.js';
import { inMongo } from '../contenders/mongo-store.js';
import { listOnPostgres, type PageTimes } from '../contenders/postgres-listing.js';
import { writeFigures } from '../harness/results.js';
import { quantile } from '../harness/statistics.js';
import { inTemporaryFolder } from '../harness/temporary-folder.js';
import type { Workload } from '../harness/workload.js';
import { jobMaker } from './stored-jobs.js';

const PAGE = 50;
const REPEATS = 200;
const TOGETHER = 500;

const ANY: JobFilter = {
  ...{ statuses: [], user: null, name: null, tags: [], cluster: null, command: null },
  ...{ grouping: null, groupingInstance: null, createdFrom: null, createdBefore: null },
};
const FILTERS: Readonly<Record<string, JobFilter>> = {
  'all jobs': ANY,
  'of a user (1 in 100)': { ...ANY, user: 'user-7' },
  'of a tag (1 in 1,000)': { ...ANY, tags: ['team:7'] },
  'of a status': { ...ANY, statuses: ['ACCEPTED'] },
};

type Times = Readonly<Record<string, PageTimes>>;

/** Time of one page. */
export const LISTING: Workload = {
  summary: 'first and deepest page of a listing over a million jobs (--jobs), by filter, beside PostgreSQL',
  run: ({ jobs = 1_000_000, mongoUrl }) =>
    inTemporaryFolder(async (folder) => {
      const mongo = mongoUrl === undefined ? undefined : await onMongo(mongoUrl, jobs);
      const marid = await onSqlite(folder, jobs);
      const options = { jobs, document: jobMaker((n) => 1_700_000_000_000 + n * 1000)(7) };
      const postgres = await listOnPostgres(folder, options).catch((error: unknown) => {
        console.log(`PostgreSQL is left out: ${errorText(error)}`);
        return {};
      });
      print(marid, postgres, mongo);
      const figures = { marid, postgres, mongo };
      console.log(`written: ${await writeFigures('listing', { unit: 'ms', jobs, figures })}`);
    }),
};

async function onSqlite(folder: string, jobs: number): Promise<Times> {
  const logger = PinoLogger.create({ level: 'warn' });
  const database = SqliteDatabase.open({ path: join(folder, 'marid.db'), logger });
  try {
    return await filledAndTimed('SQLite', new SqliteJobStore(database), jobs);
  } finally {
    database.close();
  }
}

/** Rejects naming the option. */
function onMongo(url: string, jobs: number): Promise<Times> {
  return inMongo(url, console.log, (store) => filledAndTimed('MongoDB', store, jobs)).catch((error: unknown) => {
    throw new Error(`--mongo-url: ${errorText(error)}`, { cause: error });
  });
}

async function filledAndTimed(name: string, store: JobStore, jobs: number): Promise<Times> {
  await fill(name, store, jobs);
  const times: Record<string, PageTimes> = {};
  for (const [of, filter] of Object.entries(FILTERS)) {
    const first = await timed(store, filter, null);
    times[of] = { first, deepest: await timed(store, filter, await deepest(store, filter)) };
  }
  return times;
}

function print(marid: Times, postgres: Partial<Times>, mongo: Partial<Times> = {}): void {
  for (const [name, own] of Object.entries(marid)) {
    const other = postgres[name];
    const theirs =
      other === undefined
        ? ''
        : `; PostgreSQL ${other.first.toFixed(3)} ms (Marid ${(own.first / other.first).toFixed(2)} x), deepest ${other.deepest.toFixed(3)} ms`;
    console.log(`${name.padEnd(24)} ${timesText(own)}${theirs}`);
    const there = mongo[name];
    if (there !== undefined)
      console.log(`${'  on MongoDB'.padEnd(24)} ${timesText(there)}; ${(there.first / own.first).toFixed(2)} x SQLite`);
  }
}

function timesText({ first, deepest: deep }: PageTimes): string {
  return `first page ${first.toFixed(3)} ms, deepest ${deep.toFixed(3)} ms (${(deep / first).toFixed(2)} x)`;
}

async function fill(name: string, store: JobStore, jobs: number): Promise<void> {
  const make = jobMaker((n) => 1_700_000_000_000 + n * 1000);
  const started = performance.now();
  for (let done = 0; done < jobs; done += TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, (_, index) => store.insert({ job: make(done + index) })));
    if (done % 100_000 === 0) console.error(`${String(done)} jobs stored`);
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name}: ${String(jobs)} jobs stored in ${seconds.toFixed(0)} s`);
}

/** A place with one page behind it: the oldest page's last job when one walks from the old end. */
async function deepest(store: JobStore, filter: JobFilter): Promise<JobPosition | null> {
  const oldest = await store.list({ filter, order: 'oldest', after: null, limit: PAGE + 1 });
  const last = oldest.at(-1);
  return last === undefined ? null : { createdAt: last.createdAt, id: last.id };
}

async function timed(store: JobStore, filter: JobFilter, after: JobPosition | null): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < REPEATS; index += 1) {
    const started = performance.now();
    const page = await store.list({ filter, order: 'newest', after, limit: PAGE });
    times.push(performance.now() - started);
    if (page.length === 0) throw new Error('a page has jobs');
  }
  return quantile(times, 0.5);
}
