import { afterEach, describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../core/errors/marid-error.js';
import { gauge, type Metric } from '../../../../core/metrics/metric.js';
import { MetricsServer } from '../../../../infra/metrics/metrics-server.js';
import { QuietLogger } from '../../../support/quiet-logger.js';

const logger = new QuietLogger();
const servers: MetricsServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

async function serve(collect: () => Promise<readonly Metric[]>, listen = '127.0.0.1:0'): Promise<string> {
  const server = await MetricsServer.start({ listen, collect, logger });
  servers.push(server);
  return server.address;
}

describe('MetricsServer', () => {
  test('serves the metrics, and nothing else', async () => {
    const address = await serve(async () => [gauge('a', 'A.', [{ value: 1 }])]);
    const answer = await fetch(`http://${address}/metrics`);
    expect(answer.headers.get('content-type')).toContain('version=0.0.4');
    expect(await answer.text()).toBe('# HELP a A.\n# TYPE a gauge\na 1\n');
    expect((await fetch(`http://${address}/`)).status).toBe(404);
    expect((await fetch(`http://${address}/metrics`, { method: 'POST' })).status).toBe(404);
  });

  test('answers 503 while they cannot be had', async () => {
    const address = await serve(() => Promise.reject(new MaridError('UNAVAILABLE', 'the store is away')));
    expect((await fetch(`http://${address}/metrics`)).status).toBe(503);
  });

  test('says which address is taken', async () => {
    const address = await serve(async () => []);
    await expect(serve(async () => [], address)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
