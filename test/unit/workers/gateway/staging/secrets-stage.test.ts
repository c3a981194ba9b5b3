import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SecretSource } from '../../../../../core/ports/secret-source.js';
import { Attempt, WHOLE_ARCHIVE } from '../../../../../workers/gateway/attempts/attempt.js';
import { NO_SECRETS } from '../../../../../workers/gateway/script/job-environment.js';
import { secretRules } from '../../../../../workers/gateway/secrets-config.js';
import { EMPTY_PLAN } from '../../../../../workers/gateway/staging/file-plan.js';
import { removeSecrets, secretsStage } from '../../../../../workers/gateway/staging/secrets-stage.js';
import type { StagingContext } from '../../../../../workers/gateway/staging/staging.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../../support/temporary-folder.js';
import { specificationWith, type SpecificationParts } from '../specification.js';

const KNOWN: Readonly<Record<string, string | Uint8Array>> = {
  db: 'canary-db\n',
  key: new Uint8Array([0, 1, 255]),
  empty: '',
  newline: '\n',
  long: 'x'.repeat(33_000),
  adas: 'canary-ada',
  locked: 'canary-locked',
};
const SOURCE: SecretSource = {
  read: async (name) => {
    if (name === 'locked') throw Object.assign(new Error('canary-locked'), { code: 'EACCES' });
    const content = KNOWN[name];
    return content === undefined ? null : Buffer.from(content);
  },
};
const ALLOW = ['db', 'key', 'empty', 'newline', 'long', 'locked', 'missing', 'adas@ada'];

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
});
afterEach(() => folder.remove());

async function run(parts: SpecificationParts): Promise<StagingContext> {
  const directory = join(folder.path, 'jobs/job-1/1');
  mkdirSync(directory, { recursive: true });
  const reference = { jobId: 'job-1', attempt: 1 };
  const facts = { memoryMb: 1, hasSetup: false, recordsOutputTimes: false, archive: WHOLE_ARCHIVE };
  const attempt = new Attempt({ reference, directory, memoryKey: '', facts, sequence: 0 });
  const context: StagingContext = {
    ...{ attempt, specification: specificationWith(parts), signal: attempt.abort.signal },
    ...{ account: null, plan: EMPTY_PLAN, secrets: NO_SECRETS, direct: null, started: null },
  };
  await secretsStage({ source: SOURCE, allow: secretRules(ALLOW) }).run(context);
  return context;
}

async function failure(value: string, user = 'ann'): Promise<string> {
  const found: unknown = await run({ request: { user, environment: { DSN: value } } }).catch((error: unknown) => error);
  const { reason, message, infrastructure } = Object(found) as Record<string, unknown>;
  expect(JSON.stringify(found) + String(message)).not.toContain('canary');
  return `${infrastructure === true ? 'infrastructure ' : ''}${String(reason)}: ${String(message)}`;
}

describe('secretsStage', () => {
  test('resolves what the last of cluster, applications, command and job refers to', async () => {
    const { secrets } = await run({
      cluster: { environment: { A: 'secret:db', B: 'secret:missing', C: 'secret:db' } },
      applications: [{ environment: { B: 'plain' } }],
      command: { environment: { C: 'secret-file:key' } },
      request: { environment: { D: 'secret:db', E: 'my secret:db' } },
    });
    const file = join(folder.path, 'jobs/job-1/1.secrets/key');
    expect(secrets).toEqual({ variables: { A: 'canary-db', D: 'canary-db' }, files: { C: file } });
    expect(readFileSync(file)).toEqual(Buffer.from([0, 1, 255]));
    expect([file, dirname(file)].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o700]);
  });

  test('makes nothing without references, and removes what it made', async () => {
    const { attempt } = await run({ request: { environment: { A: 'b' } } });
    expect(attempt.facts.hasSecretFiles).toBeUndefined();
    expect(readdirSync(dirname(attempt.directory))).toEqual(['1']);
    const made = await run({ request: { environment: { A: 'secret-file:db' } } });
    expect(made.attempt.facts.hasSecretFiles).toBe(true);
    expect(existsSync(`${attempt.directory}.secrets/db`)).toBe(true);
    removeSecrets(attempt.directory);
    removeSecrets(attempt.directory);
    expect(readdirSync(dirname(attempt.directory))).toEqual(['1']);
  });

  test('says which reference cannot be resolved and why, never a value', async () => {
    expect(await failure('secret:other')).toBe(
      'SECRET_NOT_ALLOWED: The variable DSN of job job-1 is `secret:other`, but this worker does not give it to jobs of user "ann".',
    );
    expect(await failure('secret:adas')).toContain('SECRET_NOT_ALLOWED');
    expect(await failure('secret:missing')).toContain(
      'SECRET_NOT_FOUND: The variable DSN of job job-1 is `secret:missing`',
    );
    expect(await failure('secret:locked')).toContain('infrastructure SECRET_UNREADABLE');
    for (const name of ['key', 'empty', 'newline', 'long'])
      expect(await failure(`secret:${name}`)).toContain('SECRET_UNFIT');
    expect(await failure('secret-file:empty')).toContain('SECRET_UNFIT');
  });

  test('gives a secret to the jobs of the user who is named', async () => {
    const { secrets } = await run({ request: { user: 'ada', environment: { A: 'secret:adas' } } });
    expect(secrets.variables).toEqual({ A: 'canary-ada' });
  });
});
