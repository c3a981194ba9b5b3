import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
  existsSync,
  chmodSync,
  realpathSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runScript, type SetupFile } from '../../../../../workers/gateway/script/run-script.js';
import { eventually } from '../../../../support/eventually.js';
import { specificationWith, type SpecificationParts } from '../specification.js';

const ENVIRONMENT = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/' };
let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "marid script's $x-")));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function place(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function write(parts: SpecificationParts, setupFiles: readonly SetupFile[] = []): string {
  mkdirSync(join(folder, 'genie/logs'), { recursive: true });
  place('run', runScript({ specification: specificationWith(parts), directory: folder, setupFiles }));
  return join(folder, 'run');
}

function run(parts: SpecificationParts, setupFiles: readonly SetupFile[] = [], input = '') {
  const script = write(parts, setupFiles);
  const { status, stdout, stderr } = spawnSync('/bin/bash', [script], { env: ENVIRONMENT, cwd: '/', input });
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** A job that runs a line of shell. */
function shell(line: string, request: SpecificationParts['request'] = {}): SpecificationParts {
  return { command: { executable: ['/bin/sh', '-c', line] }, request };
}

const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

describe('run script: program', () => {
  test('passes the command and the arguments exactly, in the job directory', () => {
    const tricky = ["it's", '$HOME', '`id`', 'a\nb', '*', '', '-n', '漢 💥'];
    const parts = { command: { executable: ['printf', '%s|', '$first'] }, request: { arguments: tricky } };
    expect(run(parts)).toEqual({ status: 0, stdout: ['$first', ...tricky, ''].join('|'), stderr: '' });
    expect(run(shell('pwd')).stdout).toBe(`${folder}\n`);
  });

  test('raw arguments are shell text behind the arguments', () => {
    const raw = { arguments: ['$A'], rawArguments: '$A "b c" | tr a-z A-Z', environment: { A: 'x y' } };
    expect(run({ command: { executable: ['printf', '[%s]'] }, request: raw }).stdout).toBe('[$A][X][Y][B C]');
  });

  test('raw arguments that end in a comment do no harm', () => {
    expect(run({ command: { executable: ['echo'] }, request: { rawArguments: 'a # b' } }).stdout).toBe('a\n');
  });

  test.each([0, 1, 3, 126, 127, 255])('exits with the code %i of the program', (code) => {
    expect(run(shell(`exit ${code}`)).status).toBe(code);
    expect(existsSync(join(folder, 'genie/program_problem.txt'))).toBe(false);
  });

  test('gives the program its standard input', () => {
    expect(run({ command: { executable: ['cat'] } }, [], 'hello').stdout).toBe('hello');
  });

  test('a program that cannot be run is named', () => {
    place('plain', 'x');
    chmodSync(join(folder, 'plain'), 0o644);
    const problem = (program: string): unknown => {
      const { status } = run({ command: { executable: [program] } });
      return [status, read('genie/program_problem.txt')];
    };
    expect(problem('no-such')).toEqual([127, 'Program not found: no-such (PATH=/usr/bin:/bin)\n']);
    expect(problem('/no/such')).toEqual([127, 'Program not found: /no/such\n']);
    expect(problem('./plain')).toEqual([126, 'Program is not an executable file: ./plain\n']);
  });

  test('can be run again by hand', () => {
    place('genie_setup.sh', 'export A=1');
    const script = write(shell('echo "$A"'), [{ owner: 'job x', path: 'genie_setup.sh' }]);
    for (let i = 0; i < 2; i++)
      expect(spawnSync('/bin/bash', [script], { env: ENVIRONMENT }).stdout.toString()).toBe('1\n');
  });
});

describe('run script: environment', () => {
  test('exports the variables of Genie and of the request', () => {
    const tags = (tags: string[]) => ({ id: null, name: null, version: null, status: null, tags });
    run({
      ...shell('env -0 >out'),
      cluster: { tags: ['type:yarn', 'sched:sla'] },
      request: {
        ...{ tags: ['z', 'a'], group: 'team', grouping: 'flow', environment: { MINE: "a'b" } },
        ...{ clusterCriteria: [tags(['b', 'a']), tags(['c'])], commandCriterion: tags(['t2', 't1']) },
      },
    });
    const found: unknown = Object.fromEntries(
      read('out')
        .split('\0')
        .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(found).toMatchObject({
      GENIE_VERSION: '4',
      GENIE_JOB_DIR: folder,
      GENIE_APPLICATION_DIR: `${folder}/genie/applications`,
      GENIE_COMMAND_DIR: `${folder}/genie/command/command-1`,
      GENIE_CLUSTER_DIR: `${folder}/genie/cluster/cluster-1`,
      __GENIE_SETUP_LOG_FILE: `${folder}/genie/logs/setup.log`,
      __GENIE_ENVIRONMENT_DUMP_FILE: `${folder}/genie/logs/env.log`,
      __GENIE_SETUP_ERROR_MARKER_FILE: `${folder}/genie/setup_failed.txt`,
      GENIE_CLUSTER_ID: 'cluster-1',
      GENIE_CLUSTER_NAME: 'a cluster',
      GENIE_CLUSTER_TAGS: 'sched:sla,type:yarn',
      GENIE_COMMAND_ID: 'command-1',
      GENIE_COMMAND_NAME: 'a command',
      GENIE_COMMAND_TAGS: '',
      GENIE_JOB_ID: 'job-1',
      GENIE_JOB_NAME: 'a job',
      GENIE_JOB_MEMORY: '100',
      GENIE_JOB_TAGS: 'a,z',
      GENIE_JOB_GROUPING: 'flow',
      GENIE_JOB_GROUPING_INSTANCE: '',
      GENIE_REQUESTED_COMMAND_TAGS: 't1,t2',
      GENIE_REQUESTED_CLUSTER_TAGS: '[a,b],[c]',
      GENIE_REQUESTED_CLUSTER_TAGS_0: 'a,b',
      GENIE_REQUESTED_CLUSTER_TAGS_1: 'c',
      GENIE_USER: 'ann',
      GENIE_USER_GROUP: 'team',
      MINE: "a'b",
    });
  });

  test('the dump leaves out what looks secret', () => {
    run(shell('true', { environment: { PLAIN: 'seen', MY_TOKEN: 'hidden', db_password: 'hidden', ApiKey: 'hidden' } }));
    expect(read('genie/logs/env.log')).toContain('PLAIN=seen\n');
    expect(read('genie/logs/env.log')).not.toContain('hidden');
  });
});

describe('run script: setup', () => {
  const owners = ['cluster', 'application', 'command', 'job'];
  const files = owners.map((owner) => ({ owner, path: `${owner}/genie_setup.sh` }));

  test('sources the files in order, into setup.log, and removes the marker', () => {
    for (const { owner, path } of files) {
      place(path, `echo "in ${owner}"; export SEEN="\${SEEN-}${owner} "; test -e "$__GENIE_SETUP_ERROR_MARKER_FILE"`);
    }
    expect(run(shell('echo "$SEEN"'), files)).toEqual({ status: 0, stdout: `${owners.join(' ')} \n`, stderr: '' });
    expect(read('genie/logs/setup.log').match(/^in .*$/gm)).toEqual(owners.map((owner) => `in ${owner}`));
    expect(existsSync(join(folder, 'genie/setup_failed.txt'))).toBe(false);
  });

  test.each(['false', 'return 3', 'exit 0', 'echo "$UNSET_VARIABLE"', 'if then'])(
    'leaves the marker and does not run the program when a file does %j',
    (line) => {
      for (const { path } of files) place(path, '');
      place('command/genie_setup.sh', line);
      expect(run(shell('echo ran'), files).stdout).toBe('');
      expect(existsSync(join(folder, 'genie/setup_failed.txt'))).toBe(true);
    },
  );

  test('a setup file may change PATH, the folder and the shell options', () => {
    place('bin/tool', '#!/bin/sh\necho "tool $1 in $PWD"\n');
    chmodSync(join(folder, 'bin/tool'), 0o755);
    place('job/genie_setup.sh', 'export PATH="$GENIE_JOB_DIR/bin:$PATH"; cd /tmp; set +o errexit +o nounset; IFS=o');
    const parts = { command: { executable: ['tool'] }, request: { arguments: ['foo'] } };
    expect(run(parts, [{ owner: 'job', path: 'job/genie_setup.sh' }]).stdout).toBe(`tool foo in ${folder}\n`);
  });
});

describe('run script: signals', () => {
  const EXIT_ON_SIGNAL = 'trap "echo told >>told; exit 42" TERM; >ready; while :; do sleep 0.01; done';

  /** Runs a job in a process group of its own, as the launcher does, and sends a signal when the program is ready. */
  async function signalled(to: 'group' | 'process', signal: NodeJS.Signals, script: string) {
    rmSync(join(folder, 'ready'), { force: true });
    const child = spawn('/bin/bash', [script], { env: ENVIRONMENT, stdio: 'ignore', detached: true });
    const ended = new Promise((resolve) => child.once('exit', (code, by) => resolve([code, by])));
    await eventually('the program has started', () => existsSync(join(folder, 'ready')));
    process.kill(to === 'group' ? -(child.pid ?? 0) : (child.pid ?? 0), signal);
    return ended;
  }

  test.each(['group', 'process'] as const)(
    'one to the %s reaches the program once, whose exit code counts',
    async (to) => {
      const script = write(shell(EXIT_ON_SIGNAL));
      for (let round = 1; round <= 8; round += 1) {
        expect(await signalled(to, 'SIGTERM', script)).toEqual([42, null]);
        expect(read('told')).toBe('told\n'.repeat(round));
      }
    },
  );

  test.each<NodeJS.Signals>(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGSEGV'])(
    '%s ends a program that does not mind it',
    async (signal) => {
      expect(await signalled('group', signal, write(shell('>ready; exec sleep 60')))).toEqual([null, signal]);
    },
  );

  test('with raw arguments, the shell waits for the exit code', async () => {
    const script = write({ command: { executable: ['sh'] }, request: { rawArguments: `-c '${EXIT_ON_SIGNAL}'` } });
    for (let round = 1; round <= 8; round += 1) expect(await signalled('group', 'SIGTERM', script)).toEqual([42, null]);
  });

  test('traps of a setup file do their work after the program', async () => {
    place('setup.sh', 'trap "echo cleaned >cleaned" EXIT; trap "echo own >own" TERM');
    const script = write(shell(EXIT_ON_SIGNAL), [{ owner: 'job x', path: 'setup.sh' }]);
    expect(await signalled('group', 'SIGTERM', script)).toEqual([42, null]);
    expect([read('cleaned'), read('own'), read('told')]).toEqual(['cleaned\n', 'own\n', 'told\n']);
  });
});

describe('run script: a program that is no file', () => {
  test.each([
    ['a builtin', 'true', 'printf', ['%s', 'x y'], 'x y'],
    ['a function of a setup file', 'tool() { echo "in $1"; return 3; }', 'tool', ['a b'], 'in a b\n'],
  ])('%s runs in the shell', (_, setup, program, args, stdout) => {
    place('setup.sh', setup);
    const parts = { command: { executable: [program] }, request: { arguments: args } };
    expect(run(parts, [{ owner: 'job x', path: 'setup.sh' }])).toEqual({
      status: program === 'tool' ? 3 : 0,
      stdout,
      stderr: '',
    });
  });
});
