import { afterEach, describe, expect, test } from '@jest/globals';
import { probeHealth } from '../../../../infra/rpc/health-probe.js';
import { TestCli } from '../../../support/test-cli.js';
import { stopHarnesses, startHarness } from './rpc-harness.js';

const TIMEOUT_MS = 5000;

afterEach(stopHarnesses);

describe('probeHealth', () => {
  test('a server that serves, that stops, and that is not there', async () => {
    const { server } = await startHarness({});
    const { address } = server;
    await probeHealth({ address, timeoutMs: TIMEOUT_MS });
    server.setServing(false);
    const unavailable = { name: 'MaridError', code: 'UNAVAILABLE' };
    await expect(probeHealth({ address, timeoutMs: TIMEOUT_MS })).rejects.toMatchObject(unavailable);
    await server.stop({ graceMs: 0 });
    await expect(probeHealth({ address, timeoutMs: TIMEOUT_MS })).rejects.toMatchObject(unavailable);
  });
});

describe('marid health', () => {
  test('ends with 0 when the server takes calls, and with 6 when not', async () => {
    const { server } = await startHarness({});
    const { address } = server;
    expect(await new TestCli({ address }).run('health')).toMatchObject({ exitCode: 0, stdout: 'serving\n' });
    server.setServing(false);
    expect(await new TestCli({ address }).run('health')).toMatchObject({ exitCode: 6, stdout: '' });
  });
});
