/** Jobs that do their worst to whoever reads their output: a control plane and a worker as processes of their own, whose memory is looked at, and a job beside them that must notice nothing. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isMaridError, MaridClient } from '../../client/index.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { eventually } from '../support/eventually.js';
import { MaridBench, type MaridProcess } from '../support/marid-process.js';
import { applyRegistry } from '../support/registry-files.js';

/** What "flat" allows. */
const FLAT_MB = 50;
const HUGE_BYTES = 1e9;
/** What is read of them; what a collector of garbage leaves for later is less. */
const READ_BYTES = 200e6;

/** A hundredth of a second of bash, without a process. */
const PAUSE = 'read -r -t 0.01 -u $pause';
const PREPARE = 'exec {pause}<> <(:); ';

/** A hundred thousand files are archived and removed at the end, on a machine that is busy. */
const CLOSE_MS = 120_000;

describe('output of hostile jobs', () => {
  let bench: MaridBench;
  let controlPlane: MaridProcess;
  let worker: MaridProcess;
  let client: MaridClient;
  let neighbour = '';

  beforeAll(async () => {
    bench = await MaridBench.open();
    controlPlane = await bench.start(['control-plane', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')]);
    const worksFor = ['--control-plane', controlPlane.address, '--state-folder', bench.path('worker')];
    worker = await bench.start(['worker', ...worksFor, '--memory', '4g']);
    await applyRegistry(bench, controlPlane.address);
    client = MaridClient.connect({ address: controlPlane.address });
    neighbour = await submit(
      `for ((i = 0; ; i++)); do [[ -e ${bench.path('enough')} ]] && exit; ${PAUSE}; echo $i; done`,
    );
  });

  afterAll(async () => {
    await client.close();
    await bench.close();
  }, CLOSE_MS);

  async function submit(script: string): Promise<string> {
    const request = {
      user: 'tests',
      clusterCriteria: [{ tags: ['sched:test'] }],
      commandCriterion: { tags: ['type:shell'] },
      arguments: [PREPARE + script],
      archive: { disabled: true },
    };
    return (await client.submit(request)).id;
  }

  const follow = async (id: string): Promise<string> => textOf(client.follow(id, 'stdout'));
  const succeeded = { status: JobStatus.SUCCEEDED };

  test('a job that removes its own directory is read to its end, and leaves nothing that answers wrongly', async () => {
    const id = await submit(`echo first; ${gate('remove')}; rm -rf "$GENIE_JOB_DIR"; echo last`);
    let text = '';
    for await (const piece of client.follow(id, 'stdout')) {
      text += Buffer.from(piece).toString();
      await open('remove');
    }
    expect(text).toBe('first\nlast\n');
    expect(await client.wait(id)).toMatchObject(succeeded);
    await expect(textOf(client.readFile(id, 'stdout'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each([
    ['a link to a file outside', (secret: string) => `ln -sf ${secret} stdout`],
    ['a link to a device', () => 'ln -sf /dev/zero stdout'],
    ['a directory', () => 'mkdir stdout'],
    ['a pipe that nobody writes to', () => 'mkfifo stdout'],
  ])('a job that puts %s in the place of its output is refused and goes on', async (name, replace) => {
    const secret = bench.path('secret');
    await writeFile(secret, 'the secret\n');
    const [before, after] = [`before ${name}`, `after ${name}`];
    const id = await submit(`echo mine; ${gate(before)}; rm stdout; ${replace(secret)}; ${gate(after)}`);
    const early = follow(id).catch(codeOf);
    await eventually('its output', () => textOf(client.readFile(id, 'stdout')).catch(() => ''));
    await open(before);
    const refusal = (): Promise<boolean> =>
      textOf(client.readFile(id, 'stdout'))
        .catch(codeOf)
        .then((found) => found === 'INVALID_ARGUMENT');
    await eventually('its refusal', refusal);
    expect(await follow(id).catch(codeOf)).toBe('INVALID_ARGUMENT');
    await open(after);
    expect(await client.wait(id)).toMatchObject(succeeded);
    // Who was there before reads on in what the job has; who came later is refused.
    expect(['mine\n', 'INVALID_ARGUMENT']).toContain(await early);
  });

  test('a job that ends while its children hold its output is over', async () => {
    const id = await submit('setsid bash -c "echo child; sleep 300" & (sleep 300 &) & sleep 300 & echo parent; exit 0');
    expect(await follow(id)).toContain('parent\n');
    expect(await client.wait(id)).toMatchObject(succeeded);
  });

  test('a hundred thousand files are listed in pages, all of them by the command', async () => {
    const id = await submit('mkdir many && cd many && seq 100000 | xargs touch');
    expect(await client.wait(id)).toMatchObject(succeeded);
    const { files, truncated, nextPageToken } = await client.listFiles(id);
    expect([files.length, truncated, nextPageToken === '']).toEqual([10_000, true, false]);
    await expect(client.listFiles(id, { folder: 'many', pageToken: nextPageToken })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    const listed = await bench.run(controlPlane.address, ['files', id, 'many', '-o', 'name']);
    expect(new Set(listed.stdout.trim().split('\n')).size).toBe(100_000);
    expect(listed.stderr).toBe('');
  });

  test('ten gigabytes are read by range, and binary content comes intact', async () => {
    const id = await submit(
      'truncate -s 10G big; printf "\\377\\000\\r\\nend" >> big; sha256sum < /bin/bash; cp /bin/bash copy',
    );
    expect(await client.wait(id)).toMatchObject(succeeded);
    const big = (await client.listFiles(id)).files.find(({ path }) => path === 'big');
    expect(big?.sizeBytes).toBe(10_737_418_247n);
    expect(await textOf(client.readFile(id, 'big', { offset: -7 }))).toBe('\xff\0\r\nend');
    expect(await textOf(client.readFile(id, 'big', { offset: 10_737_418_238, limit: 4 }))).toBe('\0\0\xff\0');
    const saved = bench.path('copy');
    expect((await bench.run(controlPlane.address, ['files', id, 'copy', '--download', saved])).code).toBe(0);
    expect((await readFile(saved)).equals(await readFile('/bin/bash'))).toBe(true);
  });

  test('a gigabyte in one line costs no memory, also while its reader stalls', async () => {
    const id = await submit(`truncate -s ${HUGE_BYTES} stdout`);
    expect(await client.wait(id)).toMatchObject(succeeded);
    const before = await memoryMb();
    const stalled = client.readFile(id, 'stdout');
    await stalled.next();
    // When another one has got this far, the stalled one has taken what it takes.
    expect(await sizeOf(client.readFile(id, 'stdout', { limit: 8e6 }))).toBe(8e6);
    expect(growth(before, await memoryMb())).toBeLessThan(FLAT_MB);
    expect(await sizeOf(client.readFile(id, 'stdout', { limit: READ_BYTES }))).toBe(READ_BYTES);
    expect(growth(before, await memoryMb())).toBeLessThan(0.6 * (READ_BYTES / 1024 / 1024));
    await stalled.return();
    const tail = await bench.run(controlPlane.address, ['logs', '--stderr', '--tail', '5', id]);
    expect(tail).toMatchObject({ code: 0, stdout: '' });
  }, 120_000);

  test('many jobs that write a hundred lines a second each are followed, all lines, in order', async () => {
    const lines = 100;
    const script = `for ((i = 0; i < ${lines}; i++)); do ${PAUSE}; echo line $i; done`;
    const expected = Array.from({ length: lines }, (_, index) => `line ${index}\n`).join('');
    const before = await memoryMb();
    const ids = await Promise.all(Array.from({ length: 20 }, () => submit(script)));
    const texts = await Promise.all(ids.map(follow));
    expect(texts.filter((text) => text !== expected)).toEqual([]);
    expect(growth(before, await memoryMb())).toBeLessThan(2 * FLAT_MB);
  }, 60_000);

  test('a burst of lines comes whole, and following a job that has ended ends at once', async () => {
    const id = await submit('seq 200000');
    const text = await follow(id);
    expect([text.length, text.endsWith('199999\n200000\n')]).toEqual([1_288_895, true]);
    await client.wait(id);
    expect(await follow(id)).toBe(text);
  });

  test('the job beside them has noticed nothing, and its worker is the same', async () => {
    await open('enough');
    const lines = (await follow(neighbour)).split('\n').slice(0, -1);
    expect(lines).toEqual(lines.map((_, index) => String(index)));
    expect(await client.wait(neighbour)).toMatchObject(succeeded);
    expect([worker.child.exitCode, controlPlane.child.exitCode]).toEqual([null, null]);
  });

  const gate = (name: string): string => `until [[ -e '${bench.path(name)}' ]]; do ${PAUSE}; done; true`;
  const open = (name: string): Promise<void> => writeFile(bench.path(name), '');

  /** Resident MiB of the control plane and the worker. */
  function memoryMb(): Promise<readonly number[]> {
    return Promise.all([controlPlane, worker].map(({ child }) => residentMb(child.pid ?? 0)));
  }
});

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString('latin1');
}

async function sizeOf(pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const piece of pieces) bytes += piece.length;
  return bytes;
}

function codeOf(error: unknown): string {
  return isMaridError(error) ? error.code : 'unknown';
}

/** Of the process that has grown most. */
function growth(before: readonly number[], after: readonly number[]): number {
  return Math.max(...after.map((mb, index) => mb - (before[index] ?? 0)));
}

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
