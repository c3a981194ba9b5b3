/** Jobs that run as other users than the worker: real accounts, real processes. */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../client/index.js';
import { JobStatus } from '../../proto/gen/marid/v1/job_pb.js';
import { eventually } from '../support/eventually.js';
import { MaridBench, runMarid, type MaridProcess } from '../support/marid-process.js';
import { applyRegistry } from '../support/registry-files.js';
import { makeAccount, noAccountsBecause, type TestAccount } from '../support/test-accounts.js';

/** What a job may get besides. */
interface Files {
  readonly dependencies?: string[];
  readonly configs?: string[];
  readonly environment?: Record<string, string>;
}

const skipped = noAccountsBecause();
const describeWithAccounts = skipped === null ? describe : describe.skip;

describeWithAccounts(`jobs as other users${skipped === null ? '' : ` (skipped: ${skipped})`}`, () => {
  let bench: MaridBench;
  let dev: MaridProcess;
  let client: MaridClient;
  let ada: TestAccount;
  let ben: TestAccount;
  const jobs = () => bench.path('data', 'worker', 'jobs');

  beforeAll(async () => {
    [ada, ben] = [makeAccount('ada'), makeAccount('ben')];
    bench = await MaridBench.open();
    chmodSync(bench.folder, 0o711);
    for (const name of ['data', 'secrets', 'private']) mkdirSync(bench.path(name));
    chmodSync(bench.path('secrets'), 0o700);
    chmodSync(bench.path('private'), 0o700);
    writeFileSync(bench.path('secrets', 'key'), 'the key');
    writeFileSync(bench.path('private', 'file'), 'private');
    writeFileSync(bench.path('public'), 'public');
    dev = await bench.start(
      ['dev', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data'), '--memory', '640m'],
      {
        ...{ MARID_WORKER_RUN_AS_USERS: `${ada.name},${ben.name},daemon,root,no-such-user`, MARID_LOG_LEVEL: 'debug' },
        ...{ MARID_WORKER_KILL_GRACE_MS: '500' },
        ...{ MARID_WORKER_SECRETS_ALLOW: 'key', MARID_WORKER_SECRETS_FOLDER: bench.path('secrets') },
      },
    );
    await applyRegistry(bench, dev.address);
    client = MaridClient.connect({ address: dev.address });
  }, 120_000);

  afterAll(async () => {
    await client.close();
    await bench.close();
    for (const account of [ada, ben]) account.remove();
  });

  const submit = (user: string, script: string, more: Files = {}) =>
    client.submit({
      ...{ user, clusterCriteria: [{ tags: ['sched:test'] }], commandCriterion: { tags: ['type:shell'] } },
      arguments: [script],
      ...more,
    });
  const run = async (user: string, script: string, more: Files = {}) => {
    const { id } = await submit(user, script, more);
    const ended = await client.wait(id);
    const read = async (path: 'stdout' | 'stderr'): Promise<string> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of client.follow(id, path)) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    };
    const ran = ended.attempts.at(-1)?.startTime !== undefined;
    return { id, ended, stdout: ran ? await read('stdout') : '', stderr: ran ? await read('stderr') : '' };
  };

  test('have the numbers, groups and variables of the account, and no way to more', async () => {
    const fields = 'Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs';
    const { stdout, stderr } = await run(
      ada.name,
      `grep -E '^(${fields}):' /proc/self/status; echo $HOME $USER $LOGNAME; id -un`,
    );
    expect(stderr).toBe('');
    const four = (id: number): string => new Array(4).fill(id).join('\t');
    const none = '0'.repeat(16);
    expect(stdout.split('\n').map((line) => line.trim())).toEqual([
      ...[`Uid:\t${four(ada.uid)}`, `Gid:\t${four(ada.gid)}`],
      `Groups:\t${[ada.gid, ada.group].sort((one, other) => one - other).join(' ')}`,
      ...['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map((set) => `${set}:\t${none}`),
      ...['NoNewPrivs:\t1', `/tmp/${ada.name} ${ada.name} ${ada.name}`, ada.name, ''],
    ]);
  }, 120_000);

  test('own the files of their attempt, which other jobs cannot read, and share those of the cache', async () => {
    const script =
      'echo mine >own; echo more >>genie/logs/env.log; echo changed >>public || echo read-only; cat public';
    const dependencies = [`file://${bench.path('public')}`];
    const { id, stdout } = await run(ada.name, script, { dependencies, configs: [`file:///etc/hostname`] });
    expect(stdout).toBe('read-only\npublic');
    const folder = `${jobs()}/${id}/1`;
    const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => [
      path,
      statSync(`${folder}/${path}`).uid,
    ]);
    expect(found.filter(([, uid]) => uid !== ada.uid)).toEqual([['public', 0]]);
    expect([statSync(folder).uid, statSync(folder).mode & 0o777]).toEqual([ada.uid, 0o700]);
    expect(readFileSync(bench.path('public'), 'utf8')).toBe('public');

    const spy = await run(
      ben.name,
      `cd /; cat ${folder}/own; ls ${folder}; ls ${jobs()}; ls ${bench.path('data', 'worker', 'cache')}`,
    );
    expect(spy.stdout).toBe('');
    expect(spy.stderr.match(/Permission denied/g)).toHaveLength(4);
    const { stdout: listed } = await bench.run(dev.address, ['files', id]);
    expect(listed).toContain('own');
  }, 120_000);

  test('get secrets that others do not get, and files that everybody may read', async () => {
    const environment = { KEY: 'secret-file:key', DSN: 'secret:key' };
    const waiting = await submit(
      ada.name,
      'echo $DSN; cat "$KEY" "$KEY.x"; touch ready; until [ -e go ]; do sleep 0.02; done',
      { environment },
    );
    const folder = `${jobs()}/${waiting.id}/1`;
    await eventually('the job', () => existsSync(`${folder}/ready`));
    expect((await run(ben.name, `cat ${folder}.secrets/key`)).stderr).toContain('Permission denied');
    writeFileSync(`${folder}/go`, '');
    await client.wait(waiting.id);
    expect(readFileSync(`${folder}/stdout`, 'utf8')).toBe('the key\nthe key');
    expect(existsSync(`${folder}.secrets`)).toBe(false);

    for (const path of [bench.path('private', 'file'), '/etc/shadow']) {
      const { ended } = await run(ada.name, 'true', { dependencies: [`file://${path}`] });
      expect(ended.message).toContain('not every user of the machine may read it');
    }
  }, 120_000);

  test('are killed with all that they started', async () => {
    const { id } = await submit(ada.name, 'sleep 300 & touch ready; trap "" TERM; while :; do sleep 0.05; done');
    await eventually('the job', () => existsSync(`${jobs()}/${id}/1/ready`));
    await client.kill(id);
    expect((await client.wait(id)).status).toBe(JobStatus.KILLED);
    await eventually(
      'the end of all',
      () => !readdirSync('/proc').some((name) => /^\d+$/.test(name) && ownerOf(name) === ada.uid),
    );
  }, 120_000);

  test.each([
    ['root', /user "root".*superuser/],
    ['daemon', /account daemon: its number 1 is below 1000/],
    ['no-such-user', /no account "no-such-user"/],
    ['nobody-asked', /configuration does not name them/],
    ['0', /configuration does not name them/],
  ])('%s is refused', async (user, why) => {
    const { ended } = await run(user, 'id');
    expect(ended.status).toBe(JobStatus.FAILED);
    expect(ended.message).toMatch(why);
    expect(ended.attempts.map(({ startTime }) => startTime)).toEqual([undefined]);
  });

  test('a worker whose folder they cannot reach does not start, and says so', async () => {
    const folder = bench.path('private', 'worker');
    const refused = await runMarid(['worker', '--state-folder', folder], '', { MARID_WORKER_RUN_AS_USER: ada.name });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(`${bench.path('private')} keeps them out`);
  }, 120_000);
});

function ownerOf(processId: string): number | null {
  return statSync(`/proc/${processId}`, { throwIfNoEntry: false })?.uid ?? null;
}
