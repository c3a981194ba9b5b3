/** Files that go with a job, from the command and the client through a real `marid dev`; and output that is read when its worker has removed it. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../client/index.js';
import { ArchiveStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { partsOf, sha256Of } from '../support/attachments.js';
import { eventually } from '../support/eventually.js';
import { MaridBench, type MaridProcess } from '../support/marid-process.js';
import { applyRegistry } from '../support/registry-files.js';

const MIB = 1024 * 1024;
const TAGS = ['--cluster-tag', 'sched:test', '--command-tag', 'type:shell'];

describe('marid dev', () => {
  let bench: MaridBench;
  let dev: MaridProcess;
  let client: MaridClient;
  const start = () =>
    bench.start(['dev', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')], {
      MARID_WORKER_KEEP_JOB_FOLDERS_MS: '0',
      MARID_CONTROL_PLANE_MAX_ATTACHMENT_MB: '16',
    });

  beforeAll(async () => {
    bench = await MaridBench.open();
    dev = await start();
    await applyRegistry(bench, dev.address);
    client = MaridClient.connect({ address: dev.address });
  }, 60_000);
  afterAll(async () => {
    await client.close();
    await bench.close();
  });

  test('places the files of a job, whatever their names', async () => {
    const names = ['query.sql', 'a b\'$(touch evil)".txt'];
    for (const name of names) await writeFile(bench.path(name), `content of ${name}`);
    const attached = names.flatMap((name) => ['--attach', bench.path(name)]);
    const shown = await bench.run(dev.address, ['run', ...TAGS, ...attached, '--', 'cat query.sql a*; ls']);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(names.map((name) => `content of ${name}`).join(''));
    expect(shown.stdout).not.toMatch(/^evil$/m);
  }, 60_000);

  test('says which file is too large, and how large one may be', async () => {
    const path = bench.path('too-large.bin');
    await writeFile(path, Buffer.alloc(16 * MIB + 1));
    const refused = await bench.run(dev.address, ['submit', ...TAGS, '--attach', path, '--', 'true']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    const problem = `marid: ${path} cannot be attached: its size in bytes is 16777217; an attachment may have 16 MiB: `;
    expect(refused.stderr).toMatch(problem);
    expect(refused.stderr).not.toMatch('head');
  }, 60_000);

  test('goes on with an upload that was cut in the middle, and its output is read after its files are removed', async () => {
    const content = randomBytes(12 * MIB);
    const path = bench.path('large.bin');
    await writeFile(path, content);
    const stored = async (): Promise<number> =>
      Number((await client.attachments.getAttachment({ sha256: sha256Of(content) })).storedBytes);
    const cut = new AbortController();
    const parts = (async function* () {
      yield* partsOf(content, { cutAfter: 9 * MIB });
      await eventually('two parts of it', async () => (await stored()) === 8 * MIB);
      cut.abort();
    })();
    await expect(client.attachments.uploadAttachment(parts, { signal: cut.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const seen: number[] = [];
    await client.attach(path, { onProgress: (sent) => seen.push(sent) });
    expect([seen[0], seen.at(-1)]).toEqual([8 * MIB, 12 * MIB]);
    const submitted = await bench.run(dev.address, ['submit', ...TAGS, '--attach', path, '--', 'sha256sum large.bin']);
    const id = submitted.stdout.trim();
    await client.wait(id);
    await eventually('the archive', async () => (await client.get(id)).archiveStatus === ArchiveStatus.ARCHIVED);
    const folder = bench.path('data', 'worker', 'jobs', id, '1');
    await eventually('the folder to be removed', async () => !existsSync(folder));
    expect(await bench.run(dev.address, ['logs', '-f', id])).toMatchObject({
      code: 0,
      stdout: `${sha256Of(content)}  large.bin\n`,
    });
    expect((await bench.run(dev.address, ['describe', 'job', id])).stdout).toMatch('large.bin (12 MiB)');
  }, 90_000);
});
