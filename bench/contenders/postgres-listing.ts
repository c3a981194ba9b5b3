/** Pages of jobs on PostgreSQL, as one would write them by hand for it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { benchFile, npmFolder, toolContext } from '../harness/tools.js';
import { startPostgres } from './postgres.js';

const PG = '8.16.3';
const HOURS_MS = 4 * 3_600_000;

/** Milliseconds of pages. */
export interface PageTimes {
  readonly first: number;
  readonly deepest: number;
}

/** Fills a PostgreSQL with so many jobs of the document; the medians by filter. Rejects where this machine has no PostgreSQL. */
export async function listOnPostgres(
  folder: string,
  options: { readonly jobs: number; readonly document: object },
): Promise<Readonly<Record<string, PageTimes>>> {
  const modules = await npmFolder(toolContext(console.error), [`pg@${PG}`]);
  const server = await startPostgres(folder, console.error);
  try {
    await server.clear();
    const settings = { BENCH_URL: server.url, BENCH_MODULES: modules, BENCH_JOBS: String(options.jobs) };
    const { stdout } = await promisify(execFile)(process.execPath, [benchFile('peers', 'postgres-listing.mjs')], {
      env: { ...process.env, ...settings, BENCH_DOCUMENT: JSON.stringify(options.document) },
      timeout: HOURS_MS,
    });
    return decodeTimes(JSON.parse(stdout));
  } finally {
    await server.stop();
  }
}

/** What the peer prints. */
function decodeTimes(value: unknown): Readonly<Record<string, PageTimes>> {
  if (typeof value !== 'object' || value === null) throw new Error('postgres-listing.mjs printed no object');
  return value as Readonly<Record<string, PageTimes>>;
}
