import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CliContext } from '../../../cli/context.js';
import { buildProgram } from '../../../cli/program.js';
import { SystemClock } from '../../../infra/runtime/system-clock.js';
import { MemoryMarid } from '../../support/memory-marid.js';
import { runMaridCli, TestCli } from '../../support/test-cli.js';

const execute = promisify(execFile);

function everyCommand(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}

function silentContext(): CliContext {
  const stream = { isTerminal: false, columns: 80, write: () => Promise.resolve() };
  return {
    stdout: stream,
    stderr: stream,
    readStdin: () => Promise.resolve(''),
    stdin: () => Readable.from([]),
    env: {},
    clock: new SystemClock(),
    userName: () => 'ada',
    homeFolder: '/nonexistent',
    onInterrupt: () => () => undefined,
    onHangUp: () => () => undefined,
  };
}

/** The words that call a command. */
function pathOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

describe('the command tree', () => {
  test('every command has a sentence and examples', async () => {
    const commands = everyCommand(buildProgram(silentContext()));
    expect(commands.length).toBeGreaterThan(20);
    for (const command of commands) {
      const help = await new TestCli().run(...pathOf(command), '--help');
      expect(help).toMatchObject({ exitCode: 0, stderr: '' });
      expect(help.stdout).toContain('Examples:\n  ');
      expect(command.summary()).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('wrong command lines are exit code 2, with a hint', async () => {
    expect(await new TestCli().run('gte')).toMatchObject({
      exitCode: 2,
      stderr: "marid: unknown command 'gte'\n(Did you mean get?)\n",
    });
    expect((await new TestCli().run()).exitCode).toBe(2);
    expect((await new TestCli().run('run', '--memory', 'lots')).stderr).toContain('512 (MiB), 512m or 2g');
    expect((await new TestCli().run('run', '--cluster-tag', 'a', '--cluster-criterion', 'ID=b')).exitCode).toBe(2);
    expect((await new TestCli().run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('completion', () => {
  test.each(['bash', 'zsh'])('the script for %s parses', async (shell) => {
    const { stdout } = await new TestCli().run('completion', shell);
    // zsh is seldom installed; its script uses what both shells read.
    await execute('bash', ['-n', '-c', stdout.replaceAll('${=', '${')]);
    expect(stdout).toContain('profile set');
  });

  test.each([
    [['marid', 'pro'], ['profile']],
    [['marid', 'profile', 's'], ['set']],
    [
      ['marid', '--profile', 'get', 'wor'],
      ['worker', 'workers'],
    ],
    [['marid', 'get', 'cl'], ['clusters']],
    [['marid', 'get', 'jobs', '-o', 'j'], ['json']],
    [['marid', 'logs', '--ta'], ['--tail']],
    [['marid', 'run', '--', '--ta'], []],
  ])('bash offers after %j', async (words, offers) => {
    const { stdout } = await new TestCli().run('completion', 'bash');
    const ask = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _marid; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const answer = await execute('bash', ['-c', `${stdout}\n${ask}`, 'bash', ...words]);
    const found = answer.stdout.split('\n').filter((line) => line !== '');
    expect(found).toEqual(offers);
  });
});

describe('addresses', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marid-cli-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function cli(env: Readonly<Record<string, string>> = {}): TestCli {
    return new TestCli({ homeFolder: folder, env });
  }

  test('an unreachable server is exit code 6 and says which address and why this one', async () => {
    const args = ['--request-timeout', '200ms', 'get', 'jobs'];
    const { exitCode, stderr } = await cli({ MARID_ADDRESS: '127.0.0.1:1' }).run(...args);
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(/^marid: .*`marid dev`.*127\.0\.0\.1:1 \(MARID_ADDRESS\)\n$/);
  });

  test('come from the profile in use, a named one, the environment, an option, in rising order', async () => {
    for (const [name, port] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      expect((await cli().run('profile', 'set', name, `127.0.0.1:${port}`)).exitCode).toBe(0);
    }
    await cli().run('profile', 'use', 'a');
    expect((await cli().run('profile', 'list')).stdout).toBe('NAME  ADDRESS\na *   127.0.0.1:1\nb     127.0.0.1:2\n');
    const said = async (test: TestCli, ...args: readonly string[]): Promise<string> =>
      (await test.run('--request-timeout', '100ms', 'leader', ...args)).stderr;
    expect(await said(cli())).toContain('127.0.0.1:1 (profile a)');
    expect(await said(cli({ MARID_PROFILE: 'b' }))).toContain('127.0.0.1:2 (profile b)');
    expect(await said(cli({ MARID_PROFILE: 'b', MARID_ADDRESS: '127.0.0.1:3' }))).toContain('(MARID_ADDRESS)');
    expect(await said(cli({ MARID_ADDRESS: '127.0.0.1:3' }), '--address', '127.0.0.1:4')).toContain('(--address)');
    expect(await said(cli(), '--profile', 'c')).toContain('There is no profile "c"');
  });
});

describe('the fleet', () => {
  test('is shown and drained', async () => {
    const marid = await MemoryMarid.open();
    expect((await runMaridCli(marid.address, 'drain', 'worker-1')).stdout).toBe('worker-1  DRAINING, 1 jobs left\n');
    expect((await runMaridCli(marid.address, 'workers', '-o', 'name')).stdout).toBe('worker-1\n');
    expect((await runMaridCli(marid.address, 'workers')).stdout).toContain('900/1000 MiB');
    expect((await runMaridCli(marid.address, 'leader')).stdout).toContain('re-offer');
    expect((await runMaridCli(marid.address, 'stats')).stdout).toMatch(/ada +default +3 +1 +200 MiB/);
    expect((await runMaridCli(marid.address, 'stats', '--user', 'bob')).stdout).not.toContain('ada');
    expect((await runMaridCli(marid.address, 'version', '--server')).stdout).toContain('store memory');
    await marid.stop();
  });

  test('says on standard error that a brake holds, and is released', async () => {
    const marid = await MemoryMarid.open();
    marid.registry.brakes.push({ pool: 'default', message: '5 of 10 workers are silent.' });
    const listed = await runMaridCli(marid.address, 'workers', '-o', 'name');
    expect(listed).toMatchObject({ stdout: 'worker-1\n', stderr: '5 of 10 workers are silent.\n' });
    const release = (pool: string) => runMaridCli(marid.address, 'workers', 'release', pool);
    expect((await release('default')).stdout).toBe('worker-1  released\n');
    expect(await release('gpu')).toMatchObject({ stdout: '', stderr: 'No silent worker of pool gpu has jobs.\n' });
    await marid.stop();
  });
});

describe('marid leader', () => {
  test('runs tasks by hand, pauses and resumes them', async () => {
    const marid = await MemoryMarid.open();
    const run = await runMaridCli(marid.address, 'leader', 'run', 're-offer', 'slow');
    expect(run.stdout).toBe('re-offer  2 offers\nslow  asked for\n');
    expect((await runMaridCli(marid.address, 'leader', 'pause', 're-offer')).stdout).toBe('re-offer  PAUSED\n');
    expect((await runMaridCli(marid.address, 'leader', 'resume', 're-offer')).stdout).toBe('re-offer  SCHEDULED\n');
    const failed = await runMaridCli(marid.address, 'leader', 'run', 'broken');
    expect(failed).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('no disk') });
    await marid.stop();
  });
});

describe('colour', () => {
  test('only on a terminal, and not with NO_COLOR', async () => {
    const marid = await MemoryMarid.open();
    const { address } = marid;
    const painted = await new TestCli({ address, terminal: true }).run('workers');
    expect(painted.stdout).toContain('\u001b[32mACTIVE');
    const plain = await new TestCli({ address, terminal: true, env: { NO_COLOR: '1' } }).run('workers');
    expect(plain.stdout).not.toContain('\u001b');
    expect((await new TestCli({ address }).run('workers')).stdout).not.toContain('\u001b');
    await marid.stop();
  });
});
