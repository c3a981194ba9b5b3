import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { copyVersion, ProcessBench } from '../../support/process-bench.js';
import { launcherStartSuite } from '../suites/launcher-start.js';
import { launcherSuite } from '../suites/launcher.js';

describe('without the binary of koffi', () => {
  let version: string;
  let entry: string;
  beforeAll(async () => {
    version = await mkdtemp(join(tmpdir(), 'marid-version-'));
    entry = copyVersion(version);
  });
  afterAll(() => rm(version, { recursive: true }));
  launcherStartSuite('process that starts by Node', () => ProcessBench.open({ entry }));
  launcherSuite('process that starts by Node', () => ProcessBench.open({ entry }));

  test.each([
    ['spawn', () => ({ entry })],
    ['posix_spawn', () => ({})],
  ])('programs are started by %s', async (startsBy, behaviour) => {
    const bench = await ProcessBench.open(behaviour());
    await bench.connect();
    const log = (): string => readFileSync(join(bench.records, 'launcher.log'), 'utf8');
    await eventually('the launcher to serve', () => log().includes(`"startsBy":"${startsBy}"`));
    await bench.close();
  });
});
