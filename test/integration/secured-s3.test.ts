/** S3 over https with a certificate of a private authority: processes of their own, because Node reads NODE_EXTRA_CA_CERTS when it starts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../infra/deploy/native/ports.js';
import { prepareVersitygw } from '../../infra/deploy/native/prepare.js';
import { ServerProcess } from '../../infra/deploy/native/server-process.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { findEngine } from '../support/engines.js';
import { runMarid } from '../support/marid-process.js';
import { makeTemporaryFolder } from '../support/temporary-folder.js';
import { makeTestAuthority } from '../support/test-authority.js';

const SECRET = 'right-passw0rd';
const TEST_MS = 60_000;

const context = { environment: process.env, clock: new SystemClock(), report: () => undefined };
const found = await findEngine('s3');
const authority = found?.source === 'native stack' ? await makeTestAuthority() : null;
const { ca = '', otherCa = '', key = '', certificate = '' } = authority ?? {};

(authority === null ? describe.skip : describe)('S3 over https', () => {
  const folder = makeTemporaryFolder();
  const file = join(folder.path, 'marid.yaml');
  let server: ServerProcess;

  beforeAll(async () => {
    const address = `127.0.0.1:${String(await freePort(new SystemRandom()))}`;
    mkdirSync(join(folder.path, 'data', 'marid'), { recursive: true }); // a bucket is a folder
    const trust = await readFile(ca);
    server = new ServerProcess(context, {
      ...{ name: 's3', url: `https://${address}`, logFile: join(folder.path, 'log') },
      command: [
        ...[await prepareVersitygw(context), '--port', address, '--region', 'us-east-1'],
        ...['--cert', certificate, '--key', key, 'posix', join(folder.path, 'data')],
      ],
      environment: { ROOT_ACCESS_KEY: 'marid', ROOT_SECRET_KEY: SECRET },
      probe: () => answers(`https://${address}/`, trust),
    });
    await server.start();
    const s3 = { blobs: 's3', s3Bucket: 'marid', s3Endpoint: server.url, s3ForcePathStyle: true };
    writeFileSync(file, JSON.stringify({ controlPlane: { dataFolder: folder.path, ...s3 } }));
  }, TEST_MS);
  afterAll(async () => {
    await server.kill();
    folder.remove();
    authority?.remove();
  });

  const check = async (environment: Readonly<Record<string, string>>, secret = SECRET): Promise<string> => {
    const keys = { AWS_ACCESS_KEY_ID: 'marid', AWS_SECRET_ACCESS_KEY: secret };
    const { stdout } = await runMarid(['config', 'check', '--config', file], '', { ...keys, ...environment });
    return stdout.split('\n').find((line) => line.startsWith('blobs: ')) ?? stdout;
  };

  test(
    'config check finds the bucket with NODE_EXTRA_CA_CERTS, and says what is wrong without',
    async () => {
      const lines = [
        await check({ NODE_EXTRA_CA_CERTS: ca }),
        await check({ NODE_EXTRA_CA_CERTS: otherCa }),
        await check({ NODE_EXTRA_CA_CERTS: ca }, 'wrong-passw0rd'),
      ];
      expect(lines[0]).toMatch(/: ok$/);
      expect(lines[1]).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE.* Check .*NODE_EXTRA_CA_CERTS/);
      expect(lines[2]).toMatch(/access was refused .* Check .*credentials/);
      expect(lines.join()).not.toMatch(/passw0rd/);
    },
    TEST_MS,
  );
});

/** Resolves when the server gives any answer. */
function answers(url: string, ca: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const question = request(url, { ca, timeout: 1000 }, (answer) => {
      answer.resume();
      resolve();
    });
    question.once('timeout', () => question.destroy(new Error('no answer in time')));
    question.once('error', reject);
    question.end();
  });
}
