import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { Attempt, WHOLE_ARCHIVE } from '../../../../../workers/gateway/attempts/attempt.js';
import { planFiles } from '../../../../../workers/gateway/staging/file-plan.js';
import { filesStage } from '../../../../../workers/gateway/staging/files-stage.js';
import { runStages } from '../../../../../workers/gateway/staging/run-stages.js';
import { NO_SECRETS } from '../../../../../workers/gateway/script/job-environment.js';
import type { Stage, StagingContext } from '../../../../../workers/gateway/staging/staging.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { TestCache } from '../cache/test-cache.js';
import { specificationWith } from '../specification.js';

let marid: TestCache;
beforeEach(async () => {
  marid = await TestCache.start();
});
afterEach(() => marid.close());

function contextOf(dependencies: readonly string[]): StagingContext {
  const specification = specificationWith({ request: { dependencies } });
  const facts = { memoryMb: 1, hasSetup: false, archive: WHOLE_ARCHIVE };
  const reference = { jobId: 'job-1', attempt: 1 };
  const attempt = new Attempt({ reference, directory: marid.job(), memoryKey: '', facts, sequence: 0 });
  const { signal } = attempt.abort;
  return {
    attempt,
    specification,
    signal,
    secrets: NO_SECRETS,
    account: null,
    plan: planFiles(specification),
    direct: null,
    started: null,
  };
}

async function stageOf(timeoutMs = 60_000): Promise<Stage> {
  return filesStage(await marid.open({ fetchTries: 1 }), { timeoutMs, clock: new SystemClock() });
}

describe('filesStage', () => {
  test('places every file, however many there are', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `f${index}`);
    for (const name of names) marid.server.files.set(`/${name}`, { body: Buffer.from(name), etag: '"1"' });
    const context = contextOf(names.map((name) => `${marid.server.url}/${name}`));
    await (await stageOf()).run(context);
    for (const name of names) expect(readFileSync(join(context.attempt.directory, name), 'utf8')).toBe(name);
    expect(context.attempt.uris).toHaveLength(30);
  });

  test('the first failure is told, with its URI, and ends the others', async () => {
    marid.server.misbehave = ({ url }) => url === '/silent';
    const context = contextOf([`${marid.server.url}/silent`, `${marid.server.url}/gone`]);
    await expect((await stageOf()).run(context)).rejects.toMatchObject({
      ...{ reason: 'FILE_UNREADABLE', infrastructure: false, message: expect.stringContaining('/gone') },
    });
    expect(existsSync(join(context.attempt.directory, 'silent'))).toBe(false);
  });

  test('a silent server is given up at the time limit, with the URI', async () => {
    marid.server.misbehave = () => true;
    const context = contextOf([`${marid.server.url}/silent`]);
    await expect((await stageOf(100)).run(context)).rejects.toMatchObject({
      ...{ reason: 'STAGING_TIMEOUT', infrastructure: true, message: expect.stringContaining('/silent') },
    });
  });

  test('a job that is killed meanwhile ends without a failure', async () => {
    marid.server.misbehave = () => true;
    const context = contextOf([`${marid.server.url}/silent`]);
    const ended = (await stageOf()).run(context);
    context.attempt.abort.abort();
    await ended;
  });
});

describe('runStages', () => {
  test('tells the time of each step that took any, and which one failed', async () => {
    const clock = new FakeClock();
    const stage = (name: string, ms: number, error?: Error): Stage => ({
      name,
      run: async () => {
        await clock.advance(ms);
        if (error !== undefined) throw error;
      },
    });
    const failure = new Error('no');
    const steps = [stage('plan', 0), stage('files', 70), stage('start', 3, failure), stage('never', 1)];
    const { times, failed } = await runStages(steps, contextOf([]), clock);
    expect(times).toEqual([
      { name: 'files', ms: 70 },
      { name: 'start', ms: 3 },
    ]);
    expect(failed).toMatchObject({ stage: { name: 'start' }, error: failure });
  });
});
