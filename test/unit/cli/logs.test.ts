import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { JobRequestSchema, JobStatus } from '../../../proto/gen/marid/v1/job_pb.js';
import type { Ending } from '../../support/memory-jobs.js';
import { MemoryMarid } from '../../support/memory-marid.js';
import { runMaridCli, type CliResult } from '../../support/test-cli.js';

const SUCCEEDED: Ending = { status: JobStatus.SUCCEEDED, result: { exitCode: 0 } };
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
function addFinished(id: string, ending: Ending, stdout: string): void {
  marid.jobs.add(id, create(JobRequestSchema, { name: id, user: 'ada' }));
  marid.jobs.start(id);
  marid.jobs.write(id, 'stdout', stdout);
  marid.jobs.write(id, 'stderr', 'to err\n');
  marid.jobs.end(id, ending);
}

describe('logs', () => {
  test('shows a stream, its last lines, and follows to the end', async () => {
    addFinished('j', SUCCEEDED, 'one\ntwo\nthree\n');
    expect((await run('logs', 'j')).stdout).toBe('one\ntwo\nthree\n');
    expect((await run('logs', '--stderr', 'j')).stdout).toBe('to err\n');
    expect((await run('logs', '--tail', '2', 'j')).stdout).toBe('two\nthree\n');
    expect((await run('logs', '--tail', '9', '-f', 'j')).stdout).toBe('one\ntwo\nthree\n');
    expect((await run('logs', '--tail', '0', 'j')).stdout).toBe('');
  });

  test('finds the last lines behind long ones', async () => {
    marid.jobs.pieceBytes = 10_000;
    const long = 'x'.repeat(70_000);
    addFinished('j', SUCCEEDED, `first\n${long}\nlast`);
    expect((await run('logs', '--tail', '2', 'j')).stdout).toBe(`${long}\nlast`);
  });

  test('finds the last lines however far back they begin, and prints no more than was there', async () => {
    marid.jobs.pieceBytes = 300_000;
    const long = 'x'.repeat(2_200_000);
    addFinished('j', SUCCEEDED, `first\nsecond\n${long}\nlast\n`);
    expect((await run('logs', '--tail', '1', 'j')).stdout).toBe('last\n');
    expect((await run('logs', '--tail', '2', 'j')).stdout).toBe(`${long}\nlast\n`);
    expect((await run('logs', '--tail', '3', '-f', 'j')).stdout).toBe(`second\n${long}\nlast\n`);
    expect((await run('logs', '--tail', '99', 'j')).stdout).toBe(`first\nsecond\n${long}\nlast\n`);
    addFinished('empty', SUCCEEDED, '');
    expect((await run('logs', '--tail', '2', 'empty')).stdout).toBe('');
  });

  test('shows lines with the times that were recorded, then and later the same', async () => {
    marid.jobs.add('j', create(JobRequestSchema, { name: 'j', user: 'ada', recordOutputTimes: true }));
    marid.jobs.start('j');
    const following = run('logs', '-f', '--timestamps', 'j');
    const tail = run('logs', '-f', '--timestamps', '--tail', '1', 'j');
    marid.jobs.write('j', 'stdout', 'one\ntwo');
    marid.jobs.write('j', 'stderr', 'oops\n');
    marid.jobs.write('j', 'genie/logs/output-times.log', '1800000000001 stdout 7\n1800000000002 stderr 5\n');
    marid.jobs.end('j', SUCCEEDED);
    const [out, err] = ['2027-01-15T08:00:00.001Z out', '2027-01-15T08:00:00.002Z err'];
    const lines = `${out} one\n${err} oops\n${out} two\n`;
    expect((await following).stdout).toBe(lines);
    expect((await run('logs', '--timestamps', 'j')).stdout).toBe(lines);
    expect((await run('logs', '--timestamps', '--stderr', 'j')).stdout).toBe(`${err} oops\n`);
    expect((await run('logs', '--timestamps', '--tail', '1', 'j')).stdout).toBe(`${out} two\n`);
    expect(lines.endsWith((await tail).stdout)).toBe(true);
  });

  test('says what to do where no times were recorded', async () => {
    addFinished('j', SUCCEEDED, 'one\n');
    const { exitCode, stderr } = await run('logs', '--timestamps', 'j');
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('submit it with --timestamps')]);
  });

  test('of a job without output is exit code 3', async () => {
    marid.jobs.add('j', create(JobRequestSchema));
    expect(await run('logs', 'j')).toMatchObject({ exitCode: 3, stderr: 'marid: Job j has no stdout.\n' });
  });
});
