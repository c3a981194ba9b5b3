/** Files of jobs over HTTP, with real processes: what jobs get, what is left after a crash, and the command that looks after the cache. */
import { readdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { FileServer } from '../support/file-server.js';
import { MaridBench, runMarid, type MaridProcess } from '../support/marid-process.js';
import { applyRegistry, SHELL } from '../support/registry-files.js';

describe('a worker with a cache', () => {
  let bench: MaridBench;
  let server: FileServer;
  let dev: MaridProcess;

  const start = () =>
    bench.start(['dev', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data'), '--memory', '640m'], {
      MARID_WORKER_FETCH_ALLOW: '127.0.0.0/8',
    });
  const state = () => bench.path('data', 'worker');
  const cache = (...args: readonly string[]) => runMarid(['worker', 'cache', ...args, '--state-folder', state()]);
  const run = (uri: string, script: string) =>
    bench.run(dev.address, ['run', ...SHELL, '--dependency', uri, '--', script]);

  beforeAll(async () => {
    bench = await MaridBench.open();
    server = await FileServer.start();
    server.files.set('/data', { body: Buffer.from('some data'), etag: '"1"' });
    dev = await start();
    await applyRegistry(bench, dev.address);
  });

  afterAll(async () => {
    await server.close();
    await bench.close();
  });

  test('jobs find the file in their directory, and it is fetched once', async () => {
    const uri = `${server.url}/data`;
    const jobs = await Promise.all(Array.from({ length: 4 }, () => run(uri, 'cat data')));
    expect(jobs.map(({ code, stdout }) => [code, stdout])).toEqual(new Array(4).fill([0, 'some data']));
    expect(server.bodies).toEqual(['/data 200']);
  });

  test("a file that is not there is the job's own failure, with the URI", async () => {
    const uri = `${server.url}/gone`;
    const done = await run(uri, 'true');
    expect(done.code).not.toBe(0);
    expect(done.stderr).toContain(`${uri} cannot be fetched: the server answered 404`);
  });

  test('the command lists, verifies and prunes', async () => {
    const source = bench.path('local.txt');
    await writeFile(source, 'local');
    expect((await run(`file://${source}`, 'cat local.txt')).stdout).toBe('local');
    expect((await cache('list')).stdout).toContain(`${server.url}/data`);
    expect(await cache('verify')).toMatchObject({ code: 0, stderr: expect.stringContaining('2 good, 0 removed') });
    expect((await cache('prune')).stderr).toContain('0 removed');
    expect((await runMarid(['worker', 'cache', 'list', '--state-folder', bench.path('none')])).code).toBe(3);
  });

  test('killed in the middle of a download, it leaves nothing that looks whole, and the next one fetches it anew', async () => {
    const whole = Buffer.alloc(300_000, 'x');
    server.files.set('/big', { body: whole, etag: '"big"' });
    server.misbehave = (_, answer) => {
      answer.writeHead(200, { 'content-length': whole.length }).write(whole.subarray(0, 100_000));
      return true;
    };
    const submitted = await bench.run(dev.address, [
      ...['submit', ...SHELL, '--dependency', `${server.url}/big`, '--', 'wc -c < big'],
    ]);
    const partial = () => readdir(`${state()}/cache/partial`);
    await eventually('the download to begin', async () => (await partial()).length > 0);
    await dev.end('SIGKILL');
    server.misbehave = () => false;
    dev = await start();
    expect(await partial()).toEqual([]);
    const id = submitted.stdout.trim();
    expect((await bench.run(dev.address, ['wait', id, '--timeout', '100s'])).code).toBe(0);
    expect((await bench.run(dev.address, ['logs', id])).stdout.trim()).toBe('300000');
    expect((await cache('verify')).code).toBe(0);
  }, 120_000);
});
