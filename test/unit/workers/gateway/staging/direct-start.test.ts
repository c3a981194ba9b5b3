/** A program that is started without bash, beside the same job run by its script: nothing may tell them apart. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ProcessExit } from '../../../../../core/ports/launcher.js';
import { connectLauncher } from '../../../../../infra/process/launcher/connect.js';
import type { SocketLauncher } from '../../../../../infra/process/launcher/socket-launcher.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';
import { Attempt, WHOLE_ARCHIVE } from '../../../../../workers/gateway/attempts/attempt.js';
import { NO_SECRETS } from '../../../../../workers/gateway/script/job-environment.js';
import { workerConfigSchema } from '../../../../../workers/gateway/config.js';
import { EMPTY_PLAN } from '../../../../../workers/gateway/staging/file-plan.js';
import { directStage } from '../../../../../workers/gateway/staging/direct-stage.js';
import { directoryStage } from '../../../../../workers/gateway/staging/directory-stage.js';
import { planStage } from '../../../../../workers/gateway/staging/plan-stage.js';
import { scriptStage } from '../../../../../workers/gateway/staging/script-stage.js';
import type { StagingContext } from '../../../../../workers/gateway/staging/staging.js';
import { startStage } from '../../../../../workers/gateway/staging/start-stage.js';
import { eventually } from '../../../../support/eventually.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { specificationWith, type SpecificationParts } from '../specification.js';

let folder = '';
let launcher: SocketLauncher;
let number = 0;
/** Of the job that was started last: what still writes to a file of a job that has ended is killed, so each has files of its own. */
let directory = '';
const exits: ProcessExit[] = [];

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "marid direct's-")));
  launcher = await connectLauncher({ stateFolder: folder, clock: new SystemClock(), logger: new QuietLogger() });
  launcher.onExit((exit) => exits.push(exit));
  await launcher.adopt();
});
afterAll(async () => {
  for (const { attempt } of exits) await launcher.forget({ attempt });
  await launcher.close();
  rmSync(folder, { recursive: true });
});

/** Stages and starts a job. */
async function start(
  parts: SpecificationParts,
  way: 'direct' | 'script',
  secrets = NO_SECRETS,
): Promise<StagingContext> {
  number += 1;
  const specification = specificationWith({ ...parts, jobId: 'job-1' });
  directory = join(folder, `job-${String(number)}`);
  const reference = { jobId: `job-${String(number)}`, attempt: 1 };
  const facts = { memoryMb: 1, hasSetup: false, archive: WHOLE_ARCHIVE };
  const attempt = new Attempt({ reference, directory, memoryKey: '', facts, sequence: 0 });
  const { signal } = new AbortController();
  const context: StagingContext = {
    ...{ attempt, specification, signal, account: null, plan: EMPTY_PLAN, secrets, direct: null, started: null },
  };
  const before = [planStage, directoryStage, scriptStage()];
  const stages = way === 'direct' ? [...before, directStage()] : before;
  for (const stage of [...stages, startStage(launcher, workerConfigSchema.parse({}))]) await stage.run(context);
  return context;
}

async function end({ attempt }: StagingContext): Promise<ProcessExit> {
  const { jobId } = attempt.reference;
  const find = (): ProcessExit | undefined => exits.find((exit) => exit.attempt.jobId === jobId);
  return eventually('the exit', find);
}

/** All that can be seen of a job that has ended, lines of texts in order of the alphabet. */
async function outcome(context: StagingContext) {
  const { endedBy, result } = await end(context);
  const read = (path: string): string => readFileSync(join(context.attempt.directory, path), 'utf8');
  const files = readdirSync(context.attempt.directory, { recursive: true, encoding: 'utf8' }).sort();
  const texts = files.filter((path) => /^(?:stdout|stderr|genie\/.*\.(?:log|txt))$/.test(path));
  return {
    endedBy,
    code: result.exitCode,
    signal: result.signal,
    files,
    texts: texts.map((path) =>
      read(path)
        .replace(/(MARID_JOB_KEY=)[^\n\0]*/, '$1') // another for each attempt
        .replaceAll(context.attempt.directory, 'DIRECTORY')
        .split(/[\n\0]/)
        .sort(),
    ),
  };
}

async function expectSame(parts: SpecificationParts, direct = true, secrets = NO_SECRETS): Promise<string> {
  const started = await start(parts, 'direct', secrets);
  const found = await outcome(started);
  expect({ direct: started.direct !== null }).toEqual({ direct });
  expect(found).toEqual(await outcome(await start(parts, 'script', secrets)));
  return readFileSync(join(directory, 'stdout'), 'utf8');
}

/** A job that runs a line of shell. */
function shell(line: string, request: SpecificationParts['request'] = {}): SpecificationParts {
  return { command: { executable: ['/bin/sh', '-c', line] }, request };
}

function program(name: string, text: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('directStart', () => {
  test('gives the environment, the folder, the descriptors and the mask that the script gives', async () => {
    const environment = {
      MINE: "it's\n$HOME",
      API_TOKEN: 'hidden',
      EMPTY: '',
      HOME: '/tmp',
      PATH: '/opt:/usr/bin:/bin',
    };
    const line = 'env | LC_ALL=C sort; pwd; umask; readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2';
    const printed = await expectSame(shell(line, { environment }));
    expect(printed).toContain('MINE=it');
    await expectSame({ command: { executable: ['env'] }, request: { environment } });
    await expectSame({ command: { executable: ['env', '-u', 'PATH', 'env', '-0'] } });
  });

  test('gives secrets as the script does, and writes them nowhere', async () => {
    const plain = { DSN: 'secret:dsn', COPY: 'the canary value', TICKET: 'secret-file:ticket' };
    const variables = { DSN: "canary\n'$HOME" };
    const secrets = { variables: { DSN: 'canary' }, files: { TICKET: '/run/ticket' } };
    const line = 'env | LC_ALL=C sort';
    expect(await expectSame(shell(line, { environment: plain }), true, secrets)).toContain('\nDSN=canary\n');
    const dump = readFileSync(join(directory, 'genie/logs/env.log'), 'utf8');
    expect(dump).toContain('TICKET=/run/ticket\n');
    expect(dump).not.toContain('canary');
    expect(readFileSync(join(directory, 'run'), 'utf8')).not.toContain('=canary');
    expect(await expectSame(shell('env -0', { environment: plain }), true, { variables, files: {} })).toContain(
      `DSN=${variables.DSN}\0`,
    );
    // Names that bash obeys at its start carry nothing into it.
    const printed = await expectSame(shell(line, { environment: { ...plain, BASH_ENV: 'secret:file' } }), false, {
      variables: { BASH_ENV: '$(echo run >&2)', DSN: 'canary' },
      files: {},
    });
    expect(printed).toContain('BASH_ENV=$(echo run >&2)\n');
    expect(readFileSync(join(directory, 'stderr'), 'utf8')).toBe('');
  });

  test('passes arguments exactly', async () => {
    const tricky = ["it's", '$HOME', '`id`', 'a\nb', '*', '', '-n', '漢 💥'];
    const parts = { command: { executable: ['/usr/bin/printf', '%s|', '$first'] }, request: { arguments: tricky } };
    expect(await expectSame(parts)).toBe(['$first', ...tricky, ''].join('|'));
    await expectSame({ command: { executable: ['sh', '-c', 'echo "$0 $1"', '--'] }, request: { arguments: ['x'] } });
  });

  test.each([
    'exit 0',
    'exit 3',
    'exit 126',
    'exit 127',
    'exit 255',
    'kill -TERM $$',
    'kill -SEGV $$',
    'kill -KILL $$',
    'sleep 60 & exit 5',
  ])('ends alike: %s', async (line) => {
    await expectSame(shell(`echo out; echo err >&2; ${line}`));
  });

  test.each([
    ['dies of it', 'exec sleep 60'],
    ['takes it', 'trap "touch told" TERM; touch ready; until [ -e told ]; do sleep 0.01; done; sleep 0.2; exit 7'],
  ])('a kill of a program that %s', async (_, line) => {
    const killed = async (way: 'direct' | 'script') => {
      const context = await start(shell(line.replace('exec', 'touch ready; exec')), way);
      await eventually('the program', () => readdirSync(context.attempt.directory).includes('ready'));
      await launcher.kill({ attempt: context.attempt.reference, graceMs: 60_000 });
      const { code, signal } = await outcome(context);
      return { code, signal };
    };
    expect(await killed('direct')).toEqual(await killed('script'));
  });

  test('SIGKILL to the group after the grace', async () => {
    const line = 'trap "" TERM; touch ready; while :; do sleep 0.01; done';
    const killed = async (way: 'direct' | 'script') => {
      const context = await start(shell(line), way);
      await eventually('the program', () => readdirSync(context.attempt.directory).includes('ready'));
      await launcher.kill({ attempt: context.attempt.reference, graceMs: 0 });
      const { code, signal, endedBy } = await outcome(context);
      return { code, signal, endedBy };
    };
    expect(await killed('direct')).toEqual({ code: null, signal: 'SIGKILL', endedBy: 'kill' });
    expect(await killed('script')).toEqual({ code: null, signal: 'SIGKILL', endedBy: 'kill' });
  });

  test('leaves to the script what only bash knows', async () => {
    const bare = program('bare', 'echo "$BASH_VERSION"');
    const plain = program('plain', 'x', 0o644);
    const words = ['echo', 'test', 'if', 'no-such-program', '/no/such', '/tmp', bare, plain];
    for (const word of words) await expectSame({ command: { executable: [word] } }, false);
    expect(await expectSame({ command: { executable: [bare] } }, false)).toMatch(/^5/);
    await expectSame(shell('env', { environment: { RANDOM: '1' } }), false);
    await expectSame(
      { command: { executable: ['env'] }, request: { environment: { PATH: 'bin:/usr/bin:/bin' } } },
      false,
    );
    await expectSame({ command: { executable: ['/bin/echo'] }, request: { rawArguments: '$PWD' } }, false);
  });

  test('what the kernel refuses is told by bash', async () => {
    const orphan = program('orphan', '#!/no/such/interpreter\n');
    await expectSame({ command: { executable: [orphan] } });
    expect(readFileSync(join(directory, 'stderr'), 'utf8')).toContain('required file not found');
  });
});
