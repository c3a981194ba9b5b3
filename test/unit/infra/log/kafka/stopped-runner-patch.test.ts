import { describe, expect, test } from '@jest/globals';
import { createRequire } from 'node:module';
import { patchStoppedRunner } from '../../../../../infra/log/kafka/stopped-runner-patch.js';

interface Runner {
  running: boolean;
  fetch(nodeId: number): Promise<unknown>;
}

/** kafkajs' own class. */
const Runner = createRequire(import.meta.url)('kafkajs/src/consumer/runner') as new (options: object) => Runner;

function newRunner(): Runner {
  const quiet = { debug: () => undefined, info: () => undefined };
  return new Runner({
    ...{ logger: { namespace: () => ({ ...quiet, namespace: () => quiet }) }, concurrency: 1 },
    ...{ consumerGroup: { fetch: async () => ['records'] }, instrumentationEmitter: { emit: () => undefined } },
  });
}

describe('patchStoppedRunner', () => {
  test('a stopped consumer gives nothing at once, for ever, and refuses once it is patched', async () => {
    await expect(newRunner().fetch(1)).resolves.toEqual([]);
    patchStoppedRunner(Runner);
    patchStoppedRunner(Runner);
    const runner = newRunner();
    await expect(runner.fetch(1)).rejects.toThrow('the consumer was stopped');
    runner.running = true;
    await expect(runner.fetch(1)).resolves.toEqual(['records']);
  });

  test('says what to do when kafkajs is another', () => {
    expect(() => {
      patchStoppedRunner(class {});
    }).toThrow(/kafkajs has changed.*Install kafkajs 2\.2\.4/);
  });
});
