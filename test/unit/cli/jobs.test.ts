import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { JobRequestSchema, JobStatus } from '../../../proto/gen/marid/v1/job_pb.js';
import { eventually } from '../../support/eventually.js';
import type { Ending } from '../../support/memory-jobs.js';
import { MemoryMarid } from '../../support/memory-marid.js';
import { runMaridCli, TestCli, type CliResult } from '../../support/test-cli.js';

let marid: MemoryMarid;

beforeEach(async () => {
  marid = await MemoryMarid.open();
});

afterEach(async () => {
  await marid.stop();
});

function run(...args: readonly string[]): Promise<CliResult> {
  return runMaridCli(marid.address, ...args);
}

/** A job that has run to its end. */
function finish(id: string, ending: Ending, stdout = ''): void {
  marid.jobs.start(id);
  marid.jobs.write(id, 'stdout', stdout);
  marid.jobs.write(id, 'stderr', 'to err\n');
  marid.jobs.end(id, ending);
}

function addFinished(id: string, ending: Ending, stdout = ''): void {
  marid.jobs.add(id, create(JobRequestSchema, { name: id, user: 'ada' }));
  finish(id, ending, stdout);
}

const SUCCEEDED: Ending = { status: JobStatus.SUCCEEDED, result: { exitCode: 0 } };

describe('submit', () => {
  test('prints the id and sends every option', async () => {
    const { exitCode, stdout } = await run(
      ...['submit', '--id', 'j1', '--cluster-tag', 'prod,yarn', '--cluster-tag', 'eu'],
      ...['--command-criterion', 'NAME=spark/VERSION=3.5', '--memory', '2g', '--timeout', '1h30m', '--env', 'A=b=c'],
      ...['--tag', 'daily', '--max-attempts', '3', '--config', 's3://b/c', '--raw-arguments', '$HOME', '--timestamps'],
      ...['--grouping-instance', 'run-1', '--', '--class', 'Main', '', '--address', 'it is "quoted"'],
    );
    expect([exitCode, stdout]).toEqual([0, 'j1\n']);
    expect(marid.jobs.get('j1').request).toMatchObject({
      user: 'ada',
      clusterCriteria: [{ tags: ['prod', 'yarn', 'eu'] }],
      commandCriterion: { name: 'spark', version: '3.5' },
      memoryMb: 2048,
      timeout: { seconds: 5400n },
      environment: { A: 'b=c' },
      tags: ['daily'],
      maxAttempts: 3,
      configs: ['s3://b/c'],
      rawArguments: '$HOME',
      recordOutputTimes: true,
      groupingInstance: 'run-1',
      arguments: ['--class', 'Main', '', '--address', 'it is "quoted"'],
    });
  });

  test('reads a file, which options override', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'marid-cli-'));
    const file = join(folder, 'job.yaml');
    await writeFile(
      file,
      'kind: Job\nid: from-file\nuser: bob\ntimeout: 5m\narguments: [1, two]\nenvironment: { A: 1, B: x }\n' +
        'clusterCriteria: [{ tags: [a] }, { tags: [b] }]\nmemory_mb: 100\n',
    );
    expect((await run('submit', '-f', file, '--memory', '200', '--env', 'B=y')).stdout).toBe('from-file\n');
    expect(marid.jobs.get('from-file').request).toMatchObject({
      user: 'bob',
      timeout: { seconds: 300n },
      arguments: ['1', 'two'],
      environment: { A: '1', B: 'y' },
      clusterCriteria: [{ tags: ['a'] }, { tags: ['b'] }],
      memoryMb: 200,
    });
    await rm(folder, { recursive: true });
  });

  test('repeats a lost answer with the same id', async () => {
    marid.jobs.lostAnswers = 1;
    const { stdout } = await run('submit');
    const [id] = marid.jobs.submittedIds;
    expect(marid.jobs.submittedIds).toEqual([id, id]);
    expect(stdout).toBe(`${String(id)}\n`);
  });
});

describe('submit --from', () => {
  test('submits every line, names those that are refused, and ends with the code of the first', async () => {
    const lines = [
      '{"id": "a", "user": "bob", "timeout": "5m"}',
      '',
      '{"id": "b", "tgas": ["x"]}',
      'not json',
      '{"id": "c", "user": "nobody"}',
      '{"id": "d"}',
    ];
    const cli = new TestCli({ address: marid.address, stdin: lines.join('\n') });
    const { exitCode, stdout, stderr } = await cli.run('submit', '--from', '-', '--tag', 'nightly');
    expect([exitCode, stdout]).toEqual([2, 'a\nd\n']);
    const problems = stderr.trimEnd().split('\n');
    expect(problems).toEqual([
      expect.stringContaining('marid: <stdin>:3: tgas: unknown field "tgas" in JobRequest'),
      expect.stringContaining('marid: <stdin>:4: '),
      'marid: <stdin>:5: job.user: is nobody',
    ]);
    expect(marid.jobs.get('a').request).toMatchObject({ user: 'bob', timeout: { seconds: 300n }, tags: ['nightly'] });
    expect(marid.jobs.get('d').request).toMatchObject({ user: 'ada', tags: ['nightly'] });
  });

  test('refuses a file that is not there, and to print more than ids', async () => {
    expect(await run('submit', '--from', '/nowhere.jsonl')).toMatchObject({ exitCode: 3, stdout: '' });
    expect(await run('submit', '--from', '-', '-o', 'json')).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await run('submit', '--from', '-', '--id', 'x')).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('run', () => {
  const cases: readonly (readonly [string, Ending, number])[] = [
    ['0 of a job that succeeded', SUCCEEDED, 0],
    ["the job's own code", { status: JobStatus.FAILED, result: { exitCode: 42 } }, 42],
    ['128 + n for a signal', { status: JobStatus.KILLED, result: { signal: 'SIGKILL' } }, 137],
    ['7 of a job that failed without a code', { status: JobStatus.FAILED, message: 'staging failed' }, 7],
    ['8 of a job that was killed before it ran', { status: JobStatus.KILLED }, 8],
  ];
  test.each(cases)('ends with %s and shows both streams', async (_, ending, exitCode) => {
    marid.jobs.onSubmit = (id) => {
      finish(id, ending, 'to out\n');
    };
    const result = await run('run', '--command-tag', 'spark');
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout).toBe('to out\n');
    expect(result.stderr).toContain('to err\n');
  });

  test('shows output that comes late, over broken streams, once', async () => {
    marid.jobs.breakAfter = 1;
    const cli = new TestCli({ address: marid.address });
    const running = cli.run('run', '--id', 'j');
    await eventually('the job is submitted', () => marid.jobs.submittedIds.length > 0);
    marid.jobs.start('j');
    marid.jobs.write('j', 'stdout', 'first\n');
    await eventually('the first line is shown', () => cli.stdout === 'first\n');
    marid.jobs.write('j', 'stdout', 'second\n');
    marid.jobs.end('j', SUCCEEDED);
    expect(await running).toEqual({ exitCode: 0, stdout: 'first\nsecond\n', stderr: '' });
  });

  test('kills the job on Ctrl-C, and ends with 130', async () => {
    const cli = new TestCli({ address: marid.address });
    const running = cli.run('run', '--id', 'j');
    await eventually('the job is watched', () => marid.jobs.opened.length > 0);
    marid.jobs.start('j');
    cli.interrupt();
    expect((await running).exitCode).toBe(130);
    expect(marid.jobs.get('j')).toMatchObject({ status: JobStatus.KILLED, message: 'interrupted' });
    expect(cli.listens).toBe(false);
  });

  test('leaves on a second Ctrl-C a job that does not end', async () => {
    marid.jobs.killsInVain = true;
    const cli = new TestCli({ address: marid.address });
    const running = cli.run('run', '--id', 'j');
    await eventually('the job is watched', () => marid.jobs.opened.length > 0);
    cli.interrupt();
    cli.interrupt();
    expect((await running).exitCode).toBe(130);
    expect(marid.jobs.get('j').status).toBe(JobStatus.ACCEPTED);
  });
});

describe('files', () => {
  test('lists, prints and downloads without writing over a file', async () => {
    addFinished('j', SUCCEEDED, 'content');
    expect((await run('files', 'j', '-o', 'name')).stdout).toBe('stdout\nstderr\n');
    expect((await run('files', 'j', 'stdout', '--cat')).stdout).toBe('content');
    const folder = await mkdtemp(join(tmpdir(), 'marid-cli-'));
    const args = ['files', 'j', 'stdout', '--download', join(folder, 'f')];
    expect((await run(...args)).exitCode).toBe(0);
    expect((await run(...args)).exitCode).toBe(5);
    await rm(folder, { recursive: true });
  });
});

describe('wait', () => {
  test.each([
    ['0 when all succeeded', ['good'], 0, '1m'],
    ['8 when one was killed', ['good', 'killed'], 8, '1m'],
    ['7 when one failed', ['killed', 'good', 'bad'], 7, '1m'],
    ['124 when the time is over first', ['bad', 'endless'], 124, '300ms'],
  ])('is exit code %s', async (_, ids, exitCode, timeout) => {
    addFinished('good', SUCCEEDED);
    addFinished('bad', { status: JobStatus.FAILED, result: { exitCode: 1 } });
    addFinished('killed', { status: JobStatus.KILLED });
    marid.jobs.add('endless', create(JobRequestSchema));
    expect((await run('wait', '--timeout', timeout, ...ids)).exitCode).toBe(exitCode);
  });
});

describe('watch', () => {
  test('prints a line for each transition, as text and as JSON', async () => {
    addFinished('j', SUCCEEDED);
    const lines = (await run('watch', 'j', '-o', 'jsonl')).stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { transition: { to: string } }).transition.to)).toEqual([
      'JOB_STATUS_ACCEPTED',
      'JOB_STATUS_CLAIMED',
      'JOB_STATUS_RUNNING',
      'JOB_STATUS_SUCCEEDED',
    ]);
    expect((await run('watch', 'j')).stdout).toContain('  j  RUNNING    STARTED (attempt 1)\n');
    expect((await run('watch')).exitCode).toBe(2);
  });
});

describe('get jobs', () => {
  test('prints the formats', async () => {
    addFinished('j1', SUCCEEDED);
    marid.jobs.add('j2', create(JobRequestSchema, { name: 'evil\u001b[2J', user: 'ada' }));
    const table = (await run('get', 'jobs')).stdout.split('\n');
    expect(table[0]).toMatch(/^ID {2}NAME +USER {2}STATUS {5}COMMAND {2}CLUSTER {2}SUBMITTED +RAN$/);
    expect(table[1]).toMatch(/^j1 {2}- +ada {3}SUCCEEDED {2}spark {4}prod {5}59m5\ds ago {2,}2s$/);
    expect(table[2]).toContain('evil\\u001b[2J');
    expect((await run('get', 'jobs', '-o', 'name', '--status', 'accepted')).stdout).toBe('j2\n');
    const json = JSON.parse((await run('get', 'jobs', '-o', 'json')).stdout) as { id: string }[];
    expect(json.map(({ id }) => id)).toEqual(['j1', 'j2']);
    expect(parse((await run('get', 'job', 'j1', '-o', 'yaml')).stdout)).toMatchObject({ id: 'j1' });
  });

  test('says when there is more', async () => {
    for (const id of ['a', 'b', 'c']) marid.jobs.add(id, create(JobRequestSchema));
    const result = await run('get', 'jobs', '--limit', '2', '-o', 'name');
    expect(result.stdout).toBe('a\nb\n');
    expect(result.stderr).toContain('only the first 2 are shown');
    expect((await run('get', 'jobs', '--all', '-o', 'name')).stdout).toBe('a\nb\nc\n');
  });

  test('refuses filters that do not fit, and unknown statuses', async () => {
    expect(await run('get', 'workers', '--user', 'ada')).toMatchObject({
      exitCode: 2,
      stderr: 'marid: --user does not go with workers\n',
    });
    expect((await run('get', 'jobs', '--status', 'RUNING')).stderr).toContain('did you mean "RUNNING"?');
  });
});

describe('describe job', () => {
  test('tells the story in order', async () => {
    addFinished('j', { status: JobStatus.FAILED, result: { exitCode: 3, stdoutBytes: 2048n }, message: 'exit code 3' });
    const { stdout } = await run('describe', 'job', 'j');
    expect(stdout.startsWith('Job j is FAILED: exit code 3\n\nAsked\n')).toBe(true);
    const order = ['Matched', 'spark', 'Story', 'ACCEPTED', 'CLAIMED', 'RUNNING', 'FAILED', 'Result', 'Exit code: '];
    const places = order.map((word) => stdout.indexOf(word, 60));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(stdout).toContain('2 KiB on stdout');
  });
});

describe('retry and clone', () => {
  const FAILED: Ending = { status: JobStatus.FAILED, result: { exitCode: 1 } };

  test('retry prints the id of a new job that is a copy; of a job that has not failed it is refused', async () => {
    addFinished('bad', FAILED);
    addFinished('good', SUCCEEDED);
    expect(await run('retry', 'bad', '--id', 'again')).toMatchObject({ exitCode: 0, stdout: 'again\n' });
    expect(marid.jobs.get('again')).toMatchObject({ parentJobId: 'bad', request: { user: 'ada' } });
    expect(await run('retry', 'good')).toMatchObject({ exitCode: 5, stdout: '' });
    expect((await run('describe', 'job', 'again')).stdout).toMatch(/Copy of: +bad\n/);
  });

  test('clone edits what the options name, adds to the environment, and keeps the rest', async () => {
    const given = {
      ...{ name: 'j', user: 'bob', memoryMb: 100, pool: 'big', tags: ['x'] },
      ...{ arguments: ['1'], environment: { A: '1', B: '2' } },
    };
    marid.jobs.add('j', create(JobRequestSchema, given));
    const edits = ['--memory', '2g', '--tag', 'y', '--env', 'B=3', '--', '--other', ''];
    expect(await run('clone', 'j', '--id', 'k', ...edits)).toMatchObject({ exitCode: 0, stdout: 'k\n' });
    expect(marid.jobs.get('k')).toMatchObject({
      parentJobId: 'j',
      request: {
        ...{ name: '', user: 'bob', memoryMb: 2048, pool: 'big', tags: ['y'] },
        ...{ arguments: ['--other', ''], environment: { A: '1', B: '3' } },
      },
    });
    expect(await run('clone', 'none')).toMatchObject({ exitCode: 3 });
  });
});

describe('kill, explain, resolve', () => {
  test('do what they say', async () => {
    marid.jobs.add('j', create(JobRequestSchema));
    expect((await run('describe', 'job', 'j')).stdout).toContain('\nNow\n  It waits.\n');
    expect((await run('explain', 'j')).stdout).toBe(
      'ACCEPTED: It waits.\n  - spark matched.\n  - No worker has room.\n',
    );
    expect(await run('kill', 'j', 'nowhere', '--reason', 'wrong day')).toMatchObject({
      exitCode: 3,
      stdout: 'j  KILLED\n',
    });
    expect(marid.jobs.get('j').message).toBe('wrong day');
    expect((await run('resolve', '--command-tag', 'spark')).exitCode).toBe(0);
    expect((await run('resolve', '--command-tag', 'none')).exitCode).toBe(5);
  });
});
