import { execFile } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';

const LOADER = './test/support/engines/typescript-loader.mjs';

function bench(...args: readonly string[]): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const env = { ...process.env, NODE_OPTIONS: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', LOADER, 'bench/main.ts', ...args], { env }, (error, _, stderr) => {
      resolve({ code: error?.code ?? 0, stderr });
    });
  });
}

describe('the benchmarks', () => {
  test.each([
    ['--contenders', 'bullmq;nonsense', /^bench: .*There is no "nonsense"; there are .*BullMQ.*\n$/],
    ['--contenders', 'bullmq,celery', /^bench: .*There is no "bullmq,celery"; .* Semicolons separate names\.\n$/],
    ['--engines', 'kafka,nonsense', /^bench: .*There is no "nonsense"; there are kafka.*\n$/],
  ])('refuse a wrong value of %s in one line', async (flag, value, line) => {
    expect(await bench('jobs', flag, value)).toEqual({ code: 2, stderr: expect.stringMatching(line) });
  });

  test.each([
    ['nonsense', 'driver refuses'],
    ['mongodb://127.0.0.1:1/', 'cannot be reached'],
  ])('measure nothing when the MongoDB that is given cannot be used: %s', async (url, why) => {
    const line = new RegExp(`^bench: --mongo-url: The MongoDB database marid-bench-.* ${why}.*\\n$`);
    expect(await bench('listing', '--mongo-url', url)).toEqual({ code: 1, stderr: expect.stringMatching(line) });
  });
});
