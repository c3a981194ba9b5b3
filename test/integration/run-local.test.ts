/** `marid run --local` in real terminals. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { realpathSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { MaridBench, type MaridProcess } from '../support/marid-process.js';

const TIMEOUT_MS = 120_000;
const MARID = resolve('dist/cli/main.js');
const TERMINAL = resolve('test/support/pseudo-terminal.py');
const CTRL_C = '\x03';
const CTRL_D = '\x04';

let bench: MaridBench;
let dev: MaridProcess;
const terminals: ChildProcess[] = [];

beforeAll(async () => {
  bench = await MaridBench.open();
  const lease = {
    LEASE_TTL_MS: '5000',
    LEASE_GRACE_MS: '1000',
    HEARTBEAT_INTERVAL_MS: '500',
    EXPIRY_WARM_UP_MS: '2500',
  };
  const named = Object.entries(lease).map(([name, value]) => [`MARID_CONTROL_PLANE_${name}`, value] as const);
  const folder = bench.path('data');
  dev = await bench.start(['dev', '--listen', '127.0.0.1:0', '--data-folder', folder], Object.fromEntries(named));
  writeFileSync(bench.path('registry.yaml'), REGISTRY);
  await bench.run(dev.address, ['apply', '-f', bench.path('registry.yaml')]);
}, TIMEOUT_MS);

afterAll(async () => {
  for (const terminal of terminals) terminal.kill('SIGKILL');
  await bench.close();
}, TIMEOUT_MS);

const PYTHON = findPython();
const inTerminal = PYTHON === null ? test.skip : test;
const lacking =
  PYTHON === null ? ' (those in a terminal are skipped: there is no python3, which makes terminals here)' : '';

function findPython(): string | null {
  try {
    return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** A program for people. */
const REPL = `
import os, signal, sys
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
signal.signal(signal.SIGWINCH, lambda *_: print("size", *os.get_terminal_size(0), flush=True))
print(f"{os.environ['GREETING']} on {os.environ['GENIE_CLUSTER_NAME']}, terminal {os.isatty(0)}", flush=True)
for line in sys.stdin:
    print(f"got <{line.strip()}>", flush=True)
sys.exit(7)
`;

const REGISTRY = `
{kind: Cluster, id: c, name: c, user: u, version: "1", tags: ["sched:prod"]}
---
{kind: Command, id: shell, name: shell, user: u, version: "1", tags: ["type:shell"], executable: ["/bin/bash", "-c"],
 clusterCriteria: [{tags: ["sched:prod"]}], memoryMb: 64}
`;

/** A terminal in which a job runs a shell text. */
class Terminal {
  readonly ended: Promise<number | null>;
  shown = '';

  constructor(readonly child: ChildProcess) {
    terminals.push(child);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.shown += text));
    this.ended = new Promise((done) => child.once('close', done));
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  resize(rows: number, columns: number): void {
    const sizes = this.child.stdio[3];
    if (sizes !== null && sizes !== undefined && 'write' in sizes) sizes.write(`${rows} ${columns}\n`);
  }

  shows(text: string): Promise<unknown> {
    return eventually(`"${text}" on the terminal; there is: ${this.shown}`, () => this.shown.includes(text), 60_000);
  }
}

function localArgs(id: string, script: string, options: readonly string[] = []): readonly string[] {
  const job = ['run', '--local', '--id', id, '--cluster-tag', 'sched:prod', '--command-tag', 'type:shell', ...options];
  return [MARID, '--address', dev.address, ...job, '--', script];
}

function environment(): NodeJS.ProcessEnv {
  const folders = { XDG_STATE_HOME: bench.path('state'), XDG_CACHE_HOME: bench.path('cache') };
  return { ...process.env, ...folders, TERM: 'xterm' };
}

function openTerminal(id: string, script: string, options: readonly string[] = []): Terminal {
  const command = [TERMINAL, process.execPath, ...localArgs(id, script, options)];
  return new Terminal(spawn('python3', command, { env: environment(), stdio: ['pipe', 'pipe', 'inherit', 'pipe'] }));
}

/** Without a terminal; standard input is a pipe. */
function runPiped(
  id: string,
  script: string,
  how: { readonly options?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Terminal {
  const options = { cwd: bench.path('.'), env: { ...environment(), ...how.env } };
  return new Terminal(
    spawn(process.execPath, localArgs(id, script, how.options), { ...options, stdio: ['pipe', 'pipe', 'pipe'] }),
  );
}

async function stateOf(id: string): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await bench.run(dev.address, ['get', 'job', id, '-o', 'json']);
  const job: unknown = JSON.parse(stdout);
  if (typeof job !== 'object' || job === null) throw new Error(stdout);
  return { ...job };
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

function shownNumber(terminal: Terminal, name: string): number {
  return Number(new RegExp(`${name}=(\\d+)`).exec(terminal.shown)?.[1]);
}

describe(`marid run --local${lacking}`, () => {
  inTerminal(
    'gives the program the terminal: what is typed, Ctrl-C, the window, its exit code; the control plane keeps the story',
    async () => {
      const setup = bench.path('setup.sh');
      writeFileSync(setup, 'export GREETING="hello from the setup file"\n');
      writeFileSync(bench.path('repl.py'), REPL);
      const script = `exec ${PYTHON} "$GENIE_JOB_DIR"/repl.py`;
      const terminal = openTerminal('typed', script, [
        '--setup-file',
        pathToFileURL(setup).href,
        '--attach',
        bench.path('repl.py'),
      ]);
      await terminal.shows('hello from the setup file on c, terminal True');
      expect(await stateOf('typed')).toMatchObject({
        status: 'JOB_STATUS_RUNNING',
        agentId: expect.stringMatching(/^agent-/),
      });
      terminal.type('select 1\n');
      await terminal.shows('got <select 1>');
      terminal.resize(33, 99);
      await terminal.shows('size 99 33');
      terminal.type(CTRL_C);
      await terminal.shows('interrupted');
      terminal.type('still here\n');
      await terminal.shows('got <still here>');
      terminal.type(CTRL_D);
      expect(await terminal.ended).toBe(7);
      expect(await stateOf('typed')).toMatchObject({
        status: 'JOB_STATUS_FAILED',
        reason: 'EXIT_CODE',
        result: { exitCode: 7 },
      });
      expect(await readdir(bench.path('state', 'marid', 'local'))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'reads a pipe and writes the output and nothing else',
    async () => {
      const run = runPiped('piped', 'tr a-z A-Z');
      run.child.stdin?.end('typed\n');
      expect(await run.ended).toBe(0);
      expect(run.shown).toBe('TYPED\n');
      expect(await stateOf('piped')).toMatchObject({ status: 'JOB_STATUS_SUCCEEDED' });
    },
    TIMEOUT_MS,
  );

  test(
    'runs where it was typed, with secrets of its own configuration; the archive has what is left in the folder of its files',
    async () => {
      const script =
        'pwd; printf %s "$PASSWORD" | tr a-z A-Z; echo kept >"$GENIE_JOB_DIR"/result.txt; [[ $PWD != "$GENIE_JOB_DIR" ]]';
      const env = { MARID_WORKER_SECRETS_ALLOW: 'db', MARID_WORKER_SECRETS_PREFIX: 'OWN_', OWN_db: 'canary' };
      const run = runPiped('here', script, { options: ['--archive', '--env', 'PASSWORD=secret:db'], env });
      expect(await run.ended).toBe(0);
      expect(run.shown).toBe(`${realpathSync(bench.path('.'))}\nCANARY`);
      expect((await bench.run(dev.address, ['files', 'here', 'result.txt', '--cat'])).stdout).toBe('kept\n');
    },
    TIMEOUT_MS,
  );

  test(
    'refuses a secret without a configuration, and says where that belongs; archives nothing unasked',
    async () => {
      const run = runPiped('unknown-secret', 'true', { options: ['--env', 'PASSWORD=secret:db'] });
      expect(await run.ended).not.toBe(0);
      const job = await stateOf('unknown-secret');
      expect(job).toMatchObject({ reason: 'SECRET_NOT_ALLOWED', request: { archive: { disabled: true } } });
      expect(job['message']).toContain('no secrets are configured here');
    },
    TIMEOUT_MS,
  );

  test(
    'keeps the program to its memory and tells what it used',
    async () => {
      const run = runPiped('greedy', 'x=$(head -c 300m /dev/zero | tr "\\0" x); sleep 600');
      expect(await run.ended).toBe(137);
      expect(await stateOf('greedy')).toMatchObject({
        status: 'JOB_STATUS_FAILED',
        reason: 'MEMORY_LIMIT',
        result: { peakMemoryBytes: expect.anything() },
      });
    },
    TIMEOUT_MS,
  );

  test(
    'is ended by marid kill, with what the program has started',
    async () => {
      const run = runPiped('killed', 'setsid sleep 600 & echo child=$!; wait');
      await run.shows('child=');
      await bench.run(dev.address, ['kill', 'killed', '--reason', 'not needed']);
      expect(await run.ended).toBe(143);
      expect(await stateOf('killed')).toMatchObject({ status: 'JOB_STATUS_KILLED' });
      await eventually('the child to be gone', () => !isAlive(shownNumber(run, 'child')));
    },
    TIMEOUT_MS,
  );

  inTerminal(
    'ends the program when its terminal vanishes',
    async () => {
      const terminal = openTerminal('hangup', 'echo program=$$; exec sleep 600');
      await terminal.shows('program=');
      terminal.child.kill('SIGKILL');
      await eventually('the program to be gone', () => !isAlive(shownNumber(terminal, 'program')), 30_000);
      const ended = await eventually(
        'the end of the job',
        async () => {
          const job = await stateOf('hangup');
          return job['endTime'] === undefined ? null : job;
        },
        30_000,
      );
      expect(ended).toMatchObject({ status: 'JOB_STATUS_KILLED' });
      expect((await bench.run(dev.address, ['explain', 'hangup'])).stdout).toContain('the terminal was closed');
    },
    TIMEOUT_MS,
  );

  test(
    'when the command itself is killed, a guard ends the program, and the job fails with its lease',
    async () => {
      const run = runPiped('abandoned', 'trap "" TERM; echo program=$$; sleep 600 & echo child=$!; wait');
      await run.shows('child=');
      run.child.kill('SIGKILL');
      const processes = [shownNumber(run, 'program'), shownNumber(run, 'child')];
      await eventually('the processes to be gone', () => !processes.some(isAlive), 30_000);
      const job = await eventually(
        'the end of the job',
        async () => {
          const found = await stateOf('abandoned');
          return found['endTime'] === undefined ? null : found;
        },
        60_000,
      );
      expect(job).toMatchObject({ status: 'JOB_STATUS_FAILED', reason: 'WORKER_LOST' });
    },
    TIMEOUT_MS,
  );
});
