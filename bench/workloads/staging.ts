/** What a worker does for a job with 20 files that are in its cache, beside the bare calls: one folder and 20 links, and beside copying. */
import { copyFileSync, linkSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openFetchers } from '../../infra/fetch/open-fetchers.js';
import { PinoLogger } from '../../infra/runtime/pino-logger.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { DependencyCache } from '../../workers/gateway/cache/dependency-cache.js';
import { workerConfigSchema } from '../../workers/gateway/config.js';
import { writeFigures } from '../harness/results.js';
import { summaryOf } from '../harness/statistics.js';
import { inTemporaryFolder } from '../harness/temporary-folder.js';
import type { Workload } from '../harness/workload.js';

const FILES = 20;
const FILE_BYTES = 2.5 * 2 ** 20;
/** A copy takes so much longer that it is measured this much less often. */
const COPY_EVERY = 100;

/** Time of the files of one job. */
export const STAGING: Workload = {
  summary: '20 cached dependencies of a job (50 MB), beside bare mkdir and links and beside copying',
  run: ({ jobs = 500, rounds = 5 }) =>
    inTemporaryFolder(async (folder) => {
      const server = await serveFiles();
      try {
        const names = Array.from({ length: FILES }, (_, index) => `f${String(index)}`);
        for (const name of names) await writeFile(join(folder, name), Buffer.alloc(FILE_BYTES, name));
        const works = worksOf(folder, server.url, names, await openCache(folder, server.url, names));
        const found: Record<string, number[]> = { bare: [], hit: [], copy: [] };
        for (let round = 0; round < rounds * jobs; round += 1) {
          for (const [name, work] of Object.entries(works)) {
            if (name !== 'copy' || round % COPY_EVERY === 0)
              found[name]?.push(timed(join(folder, `${name}-${String(round)}`), work));
          }
        }
        const figures = Object.fromEntries(Object.entries(found).map(([name, times]) => [name, summaryOf(times)]));
        const median = (name: string): number => figures[name]?.median ?? NaN;
        const ratios = {
          'hit to bare links': median('hit') / median('bare'),
          'copy to hit': median('copy') / median('hit'),
        };
        const ms = (name: string): string => `${median(name).toFixed(3)} ms`;
        console.log(
          `${String(FILES)} files: bare ${ms('bare')}, cache ${ms('hit')} (${ratios['hit to bare links'].toFixed(2)} x), copied ${ms('copy')}`,
        );
        console.log(`written: ${await writeFigures('staging', { unit: 'ms', rounds, jobs, figures, ratios })}`);
      } finally {
        server.close();
      }
    }),
};

/** Serves a file of the size at every path. */
async function serveFiles(): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((_request, answer) => {
    answer.writeHead(200, { etag: '"1"', 'content-length': FILE_BYTES }).end(Buffer.alloc(FILE_BYTES));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = decodePort(server.address());
  return { url: `http://127.0.0.1:${String(port)}`, close: () => server.close().closeAllConnections() };
}

function decodePort(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

async function openCache(folder: string, url: string, names: readonly string[]): Promise<DependencyCache> {
  const runtime = { clock: new SystemClock(), logger: PinoLogger.create({ level: 'warn' }) };
  const settings = workerConfigSchema.parse({ cacheFreshMs: 3_600_000, fetchAllow: ['127.0.0.1'] });
  const blobs = () => Promise.reject(new Error('nothing is attached'));
  const fetchers = openFetchers(settings, { ...runtime, blobs });
  const place = { folder: join(folder, 'cache'), fetchers, settings, random: new SystemRandom(), ...runtime };
  const cache = await DependencyCache.open(place);
  mkdirSync(join(folder, 'first'));
  for (const name of names)
    await cache.place(placement(url, join(folder, 'first'), name), new AbortController().signal);
  return cache;
}

function placement(url: string, target: string, name: string) {
  return { uri: `${url}/${name}`, target: join(target, name), writable: false };
}

function worksOf(folder: string, url: string, names: readonly string[], cache: DependencyCache) {
  return {
    bare: (target: string) => {
      for (const name of names) linkSync(join(folder, 'first', name), join(target, name));
    },
    hit: (target: string) => {
      for (const name of names)
        if (!cache.placeNow(placement(url, target, name))) throw new Error(`${name} was not in the cache`);
    },
    copy: (target: string) => {
      for (const name of names) copyFileSync(join(folder, name), join(target, name));
    },
  };
}

function timed(target: string, work: (target: string) => void): number {
  const started = performance.now();
  mkdirSync(target);
  work(target);
  return performance.now() - started;
}
