import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { specificationWith, type SpecificationParts } from './specification.js';
import { TestGateway } from './test-gateway.js';

let world: TestGateway;
beforeEach(async () => {
  world = new TestGateway();
  await world.open();
});
afterEach(() => world.close());

/** A job that runs a line of shell. */
function shell(jobId: string, line: string, parts: SpecificationParts = {}) {
  return specificationWith({ jobId, command: { executable: ['/bin/sh', '-c', line] }, ...parts });
}

function file(name: string, text: string): string {
  writeFileSync(join(world.folder, name), text);
  return pathToFileURL(join(world.folder, name)).href;
}

test('a worker whose calls are held asks for jobs with its registration, not a moment later', async () => {
  world.service.claimNextWaits = true;
  await world.startWorker({}, new FakeClock());
  await eventually('a call', () => world.service.held.length === 1);
});

describe('a job that is offered', () => {
  test('runs, and its events come in order', async () => {
    await world.startWorker();
    await world.offer(shell('j', 'echo out; echo err >&2'));
    expect(await world.end('j')).toMatchObject({
      ...{ status: 'SUCCEEDED', message: 'Job finished successfully.', infrastructureFailure: false },
      result: { exitCode: 0, signal: null, stdoutBytes: 4, stderrBytes: 4 },
    });
    expect(world.events.map((event) => [event.sequence, event.status])).toEqual([
      [1, 'INIT'],
      [2, 'RUNNING'],
      [3, 'SUCCEEDED'],
    ]);
    expect(readFileSync(world.pathOf('j', 'stdout'), 'utf8')).toBe('out\n');
  });

  test('gets nothing of the environment of the worker', async () => {
    process.env.MARID_TEST_SECRET = 'of the worker';
    await world.startWorker();
    await world.offer(specificationWith({ jobId: 'j', command: { executable: ['env'] } }));
    await world.end('j');
    delete process.env.MARID_TEST_SECRET;
    const found = readFileSync(world.pathOf('j', 'stdout'), 'utf8');
    expect(found).toContain('GENIE_JOB_ID=j\n');
    expect(found).not.toContain('of the worker');
    expect(found).not.toMatch(/NODE_|npm_|JEST/);
  });

  test('finds its files and the variables of its setup files', async () => {
    await world.startWorker();
    const setup = (name: string) => file(`${name}.sh`, `echo "${name}"; export SEEN="\${SEEN-}${name} "`);
    const job = shell('j', 'echo "$SEEN"; cat data', {
      cluster: { setupFile: setup('cluster') },
      command: { executable: ['/bin/sh', '-c', 'echo "$SEEN"; cat data'], setupFile: setup('command') },
      request: { setupFile: setup('job'), dependencies: [file('data', 'content')] },
    });
    await world.offer(job);
    expect(await world.end('j')).toMatchObject({ status: 'SUCCEEDED' });
    expect(readFileSync(world.pathOf('j', 'stdout'), 'utf8')).toBe('cluster command job \ncontent');
  });

  test.each<[string, () => SpecificationParts, object]>([
    ['exits with 3', () => shellParts('exit 3'), { status: 'FAILED', reason: 'EXIT_CODE', message: /exit code 3/ }],
    [
      'ends itself by a signal',
      () => shellParts('kill -9 $$'),
      { status: 'FAILED', message: /the signal SIGKILL ended it/ },
    ],
    [
      'has no program',
      () => programParts('no-such'),
      { status: 'FAILED', reason: 'PROGRAM_NOT_FOUND', message: /no-such/ },
    ],
    ['runs too long', () => ({ ...shellParts('sleep 60'), timeoutMs: 200 }), { status: 'KILLED', reason: 'TIMEOUT' }],
    [
      'fails in its setup',
      () => setupParts('echo why; false'),
      { status: 'FAILED', reason: 'SETUP_FAILED', message: /why$/ },
    ],
    ['exits in its setup', () => setupParts('exit 0'), { status: 'FAILED', reason: 'SETUP_FAILED' }],
    [
      'misses a file',
      () => ({ request: { configs: ['file:///no/x'] } }),
      { status: 'FAILED', message: /file:\/\/\/no\/x/ },
    ],
  ])('and %s is reported as what it is', async (_, parts, expected) => {
    await world.startWorker();
    await world.offer(specificationWith({ jobId: 'j', ...parts() }));
    const event = await world.end('j');
    for (const [name, value] of Object.entries(expected)) {
      const found: unknown = Reflect.get(event, name);
      if (value instanceof RegExp) expect(found).toMatch(value);
      else expect(found).toBe(value);
    }
    expect(event.infrastructureFailure).toBe(false);
  });

  const shellParts = (line: string): SpecificationParts => programParts('/bin/sh', '-c', line);
  const programParts = (...executable: string[]): SpecificationParts => ({ command: { executable } });
  const setupParts = (text: string): SpecificationParts => ({ request: { setupFile: file('setup.sh', text) } });
});

describe('a job that runs', () => {
  const TRAP = 'trap "echo told; exit 9" TERM; echo ready; while :; do sleep 0.01; done';

  test('is killed on request through the worker', async () => {
    const node = await world.startWorker();
    await world.offer(shell('j', TRAP));
    await eventually(
      'ready',
      () => existsSync(world.pathOf('j', 'stdout')) && readFileSync(world.pathOf('j', 'stdout')).length > 0,
    );
    expect(await node.killAttempt({ attempt: { jobId: 'j', attempt: 1 } })).toMatchObject({ held: true });
    expect(await world.end('j')).toMatchObject({
      status: 'KILLED',
      message: 'Job was killed by user.',
      result: { exitCode: 9 },
    });
    expect(await node.killAttempt({ attempt: { jobId: 'other', attempt: 1 } })).toMatchObject({ held: false });
  });

  test('is killed when a renewal says so, even if it ignores SIGTERM', async () => {
    await world.startWorker();
    await world.offer(shell('j', 'trap "" TERM; echo ready; while :; do sleep 0.01; done'));
    await world.status('j', 'RUNNING');
    world.service.orders = { lost: [], kills: [{ jobId: 'j', attempt: 1 }] };
    expect(await world.end('j')).toMatchObject({ status: 'KILLED' });
  });

  test("is ended without a report when it is not the worker's any more", async () => {
    const node = await world.startWorker();
    await world.offer(shell('j', 'echo $$; sleep 60'));
    await world.status('j', 'RUNNING');
    world.service.orders = { lost: [{ jobId: 'j', attempt: 1 }], kills: [] };
    await eventually('nothing is held', async () => (await node.probe({})).held.length === 0);
    expect(world.events.map((event) => event.status)).toEqual(['INIT', 'RUNNING']);
  });

  test('has its last event sent again when a renewal asks for it, also when it has ended', async () => {
    await world.startWorker();
    await world.offer(shell('j', 'exit 3'));
    const end = await world.end('j');
    world.service.orders = { repeats: [{ jobId: 'j', attempt: 1 }] };
    await eventually('its end again', () => world.events.filter((event) => event.status === 'FAILED').length > 1);
    expect(world.events.at(-1)).toEqual(end);
  });

  test('is taken over by the next process of the worker, with its memory', async () => {
    await world.startWorker({ memoryMb: 150 });
    await world.offer(shell('j', TRAP));
    const { sequence } = await world.status('j', 'RUNNING');
    await world.stopWorker();
    world.service.registrations.length = 0;
    const node = await world.startWorker({ memoryMb: 150 });
    await eventually('registered', () => world.service.registrations.length > 0);
    expect(world.service.registrations[0]).toEqual(['j/1']);
    await world.offer(specificationWith({ jobId: 'small', memoryMb: 50 }));
    await world.offer(specificationWith({ jobId: 'large', memoryMb: 51 }));
    await world.end('small');
    expect(world.service.claimed.has('large')).toBe(false);
    await node.killAttempt({ attempt: { jobId: 'j', attempt: 1 } });
    const end = await world.end('j');
    expect(end).toMatchObject({ status: 'KILLED' });
    expect(end.sequence).toBeGreaterThan(sequence);
    await world.end('large');
  });

  test('has the times of its output recorded when it asks for that, also of what was written while there was no worker', async () => {
    await world.startWorker();
    const [go, wait] = [join(world.folder, 'go'), `until [ -e ${join(world.folder, 'go')} ]; do sleep 0.01; done`];
    await world.offer(shell('j', `echo one; ${wait}; echo two`, { request: { recordOutputTimes: true } }));
    const record = () => readFileSync(world.pathOf('j', 'genie/logs/output-times.log'), 'utf8');
    await world.status('j', 'RUNNING');
    await eventually('the first line', () => record().endsWith(' stdout 4\n'));
    await world.stopWorker();
    writeFileSync(go, '');
    await eventually('the second line', () => readFileSync(world.pathOf('j', 'stdout'), 'utf8') === 'one\ntwo\n');
    await world.startWorker();
    await world.end('j');
    expect(record()).toMatch(/ stdout 4\n\d+ stdout 8\n$/);
  });

  test('that ends while there is no worker is reported by the next one, with its real exit', async () => {
    await world.startWorker();
    await world.offer(shell('j', `until [ -e ${join(world.folder, 'go')} ]; do sleep 0.01; done; exit 5`));
    await world.status('j', 'RUNNING');
    await world.stopWorker();
    writeFileSync(join(world.folder, 'go'), '');
    await world.startWorker();
    expect(await world.end('j')).toMatchObject({ status: 'FAILED', reason: 'EXIT_CODE', result: { exitCode: 5 } });
  });

  test('is reported as a failure of the worker when the launcher dies, and the worker goes on', async () => {
    await world.startWorker();
    await world.offer(shell('j', 'sleep 60'));
    await world.status('j', 'RUNNING');
    process.kill(world.launcherProcessId, 'SIGKILL');
    expect(await world.end('j')).toMatchObject({ status: 'FAILED', infrastructureFailure: true });
    await world.offer(shell('k', 'true'));
    expect(await world.end('k')).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('can be read and followed to its end', async () => {
    const node = await world.startWorker();
    await world.offer(shell('j', `echo one; until [ -e ${join(world.folder, 'go')} ]; do sleep 0.01; done; echo two`));
    await world.status('j', 'INIT');
    const attempt = { jobId: 'j', attempt: 1 };
    let text = '';
    for await (const { data } of node.readNodeFile({ attempt, path: 'stdout', follow: true })) {
      text += Buffer.from(data).toString();
      if (text === 'one\n') writeFileSync(join(world.folder, 'go'), '');
    }
    expect(text).toBe('one\ntwo\n');
    const { files } = await node.listNodeFiles({ attempt });
    expect(files.map((each) => each.path)).toEqual(['genie/logs/env.log', 'run', 'stderr', 'stdout']);
    await expect(node.listNodeFiles({ attempt: { jobId: 'other', attempt: 1 } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(node.listNodeFiles({ attempt: { jobId: '../x', attempt: 1 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('a worker', () => {
  test('claims through ClaimNext what nobody has offered, and runs no more at once than fits', async () => {
    const busy = join(world.folder, 'busy');
    const alone = `mkdir ${busy} || exit 1; sleep 0.05; rmdir ${busy}`;
    for (const jobId of ['a', 'b', 'c']) world.service.waiting.set(jobId, shell(jobId, alone, { memoryMb: 600 }));
    await world.startWorker({ memoryMb: 1000 });
    for (const jobId of ['a', 'b', 'c']) expect(await world.end(jobId)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('registers again when its session is over, naming what it holds', async () => {
    await world.startWorker();
    await world.offer(shell('j', 'sleep 60'));
    await world.status('j', 'RUNNING');
    world.service.sessionCurrent = false;
    await eventually('a second registration', () => world.service.registrations.length === 2);
    expect(world.service.registrations[1]).toEqual(['j/1']);
    world.service.orders = { lost: [], kills: [{ jobId: 'j', attempt: 1 }] };
    await world.end('j');
  });

  test('that another process of the same state folder replaces claims and renews no more', async () => {
    await world.startWorker();
    const first = world.stopWorker;
    await eventually('registered', () => world.service.registrations.length === 1);
    await world.startWorker();
    await eventually('registered again', () => world.service.registrations.length === 2);
    world.service.sessionCurrent = false;
    await eventually('the second registers again', () => world.service.registrations.length === 3);
    await eventually('the first gives way', () =>
      world.logger.lines.some((line) => line.message.startsWith('another process')),
    );
    await first();
  });

  test('that stops waits for its jobs', async () => {
    await world.startWorker({ drainTimeoutMs: 10_000 });
    await world.offer(shell('j', 'sleep 0.2'));
    await world.status('j', 'RUNNING');
    await world.stopWorker();
    expect(await world.end('j')).toMatchObject({ status: 'SUCCEEDED' });
  });
});
