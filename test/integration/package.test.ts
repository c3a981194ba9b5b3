/** The published shape: what `npm pack` makes, installed in an empty folder. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const run = promisify(execFile);

describe('the packed tarball', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marid-package-'));
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
    const [tarball = ''] = await readdir(folder);
    await writeFile(join(folder, 'package.json'), '{"type":"module","private":true}');
    await run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', join(folder, tarball)], {
      cwd: folder,
    });
  }, 180_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('has a `marid` that works', async () => {
    const marid = join(folder, 'node_modules', '.bin', 'marid');
    expect((await run(marid, ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/);
    expect((await run(marid, ['dev', '--help'])).stdout).toContain('--data-folder');
    expect((await run(marid, ['config', 'explain', '-o', 'json'])).stdout).toContain('controlPlane.listen');
  });

  test('gives other programs the client and the messages', async () => {
    const program = `import { MaridClient } from 'marid';
      import { JobStatus } from 'marid/messages';
      MaridClient.connect({ address: '127.0.0.1:1' }).close();
      console.log(JobStatus.SUCCEEDED);`;
    const done = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: folder });
    expect(done.stdout).toBe('7\n');
  });
});
