import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { eventually } from '../../../support/eventually.js';
import { specificationWith, type SpecificationParts } from './specification.js';
import { TestGateway } from './test-gateway.js';

let world: TestGateway;
beforeEach(async () => {
  world = new TestGateway();
  await world.open();
});
afterEach(() => world.close());

function shell(jobId: string, line: string, parts: SpecificationParts = {}) {
  return specificationWith({ jobId, command: { executable: ['/bin/bash', '-c', line] }, ...parts });
}

describe('a job that uses too much', () => {
  // Bash would replace itself by a last command, and its memory would be gone.
  const HOG = `x=$(head -c 150000000 /dev/zero | tr '\\0' x); sleep 60; : end`;
  const cases: readonly (readonly [string, SpecificationParts, string, RegExp])[] = [
    [HOG, { memoryMb: 64 }, 'MEMORY_LIMIT', /reached its memory limit \(64 MiB allowed, \d+ MiB found\)/],
    [
      'while :; do :; done',
      { request: { limits: { cpuTimeMs: 1000 } } },
      'CPU_TIME_LIMIT',
      /CPU time \(1000 ms allowed/,
    ],
    [
      'exec head -c 9000000 /dev/zero',
      { request: { limits: { fileMb: 1 } } },
      'FILE_SIZE_LIMIT',
      /size of a file \(1 MiB allowed\)/,
    ],
    [
      'for i in {1..200}; do sleep 60 & done; wait',
      { request: { limits: { processes: 20 } } },
      'PROCESS_LIMIT',
      /\(20 processes allowed/,
    ],
    [
      'for i in {1..100000}; do : > f$i; done; sleep 60',
      { request: { limits: { folderFiles: 500 } } },
      'FOLDER_FILES_LIMIT',
      /\(500 files allowed, 501 files found\)/,
    ],
    [
      'head -c 9000000 /dev/zero > f; sleep 60',
      { request: { limits: { folderMb: 4 } } },
      'FOLDER_SIZE_LIMIT',
      /\(4 MiB allowed/,
    ],
  ];

  test.each(cases)('%s: fails with its reason, and another job goes on', async (line, parts, reason, message) => {
    await world.startWorker();
    await world.offer(shell('other', 'while ! test -e go; do sleep 0.05; done; exit 7'));
    await world.offer(shell('greedy', line, parts));
    const end = await world.end('greedy');
    expect(end).toMatchObject({ status: 'FAILED', reason, infrastructureFailure: false });
    expect(end.message).toMatch(message);
    await world.offer(shell('waker', `touch ${world.pathOf('other', 'go')}`));
    expect(await world.end('other')).toMatchObject({ reason: 'EXIT_CODE', result: { exitCode: 7 } });
  });

  test('may not use more than the worker allows, whatever it asks for', async () => {
    await world.startWorker({ maxOpenFiles: 64, maxFileMb: 5 });
    await world.offer(shell('j', 'ulimit -n; ulimit -f', { request: { limits: { openFiles: 100, fileMb: 3 } } }));
    expect(await world.end('j')).toMatchObject({ status: 'SUCCEEDED' });
    expect(readFileSync(world.pathOf('j', 'stdout'), 'utf8')).toBe('64\n3072\n');
  });

  test('of memory goes on where the worker does not enforce it', async () => {
    await world.startWorker({ enforceMemory: 'off' });
    await world.offer(shell('j', `x=$(head -c 40000000 /dev/zero | tr '\\0' x); sleep 0.5`, { memoryMb: 5 }));
    expect(await world.end('j')).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('is still ended by the limits of its directory when the next process of the worker has taken it over', async () => {
    await world.startWorker();
    const limits = { folderFiles: 50 };
    await world.offer(
      shell('j', 'touch ready; while ! test -e go; do sleep 0.05; done; touch a{1..100}; sleep 60', {
        request: { limits },
      }),
    );
    await eventually('its start', () => existsSync(world.pathOf('j', 'ready')));
    await world.stopWorker();
    await world.startWorker();
    await world.offer(shell('waker', `touch ${world.pathOf('j', 'go')}`));
    expect(await world.end('j')).toMatchObject({ status: 'FAILED', reason: 'FOLDER_FILES_LIMIT' });
  });
});
