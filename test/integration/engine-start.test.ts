/** What a control plane says at its start about engines that it cannot use, or must not share. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MaridClient } from '../../client/index.js';
import { describeEngine } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { uniqueName } from '../support/job-fixtures.js';
import { MaridBench } from '../support/marid-process.js';
import { dropDatabase } from '../support/mongo-database.js';

let bench: MaridBench;

beforeEach(async () => {
  bench = await MaridBench.open();
});

afterEach(async () => {
  await bench.close();
});

const planeIn = (folder: string, environment: Readonly<Record<string, string>>) =>
  bench.start(['control-plane', '--listen', '127.0.0.1:0', '--data-folder', bench.path(folder)], environment);

describe('a control plane whose S3 server is down', () => {
  test('serves, and says so', async () => {
    const plane = await planeIn('data', {
      ...{ MARID_CONTROL_PLANE_BLOBS: 's3', MARID_CONTROL_PLANE_S3_BUCKET: 'marid' },
      ...{ MARID_CONTROL_PLANE_S3_ENDPOINT: 'http://127.0.0.1:1', MARID_CONTROL_PLANE_S3_REGION: 'us-east-1' },
      ...{ AWS_ACCESS_KEY_ID: 'none', AWS_SECRET_ACCESS_KEY: 'none' },
    });
    await eventually('a warning', () => /the blob store cannot be used/.test(plane.stderr()), 30_000);
    expect(plane.stderr()).toMatch(/S3 bucket marid/);
    const client = MaridClient.connect({ address: plane.address });
    expect((await client.fleet.getServerInfo({})).engines).toMatchObject({ blobs: 's3' });
    await client.close();
  }, 60_000);
});

await describeEngine('mongo', (url) => {
  test('a second control plane with an embedded log on the same MongoDB is refused, and told where the first is', async () => {
    const database = uniqueName('marid-test');
    const mongo = {
      ...{ MARID_CONTROL_PLANE_STORE: 'mongo', MARID_CONTROL_PLANE_MONGO_URL: url },
      MARID_CONTROL_PLANE_MONGO_DATABASE: database,
    };
    const first = await planeIn('one', mongo);
    await expect(planeIn('two', mongo)).rejects.toThrow(/is in use by a control plane at .*\/one .*log embedded/);
    await first.end('SIGTERM');
    await planeIn('two', mongo);
    await dropDatabase(url, database);
  }, 60_000);
});
