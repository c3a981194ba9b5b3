import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadIdentity } from '../../../../workers/gateway/identity.js';
import { SeededRandom } from '../../../support/seeded-random.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'marid-identity-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('loadIdentity', () => {
  test('keeps the id in its state folder and makes a session for each run', async () => {
    const random = new SeededRandom();
    const state = join(folder, 'new');
    const [first, second] = [await loadIdentity(state, random), await loadIdentity(state, random)];
    expect(second.workerId).toBe(first.workerId);
    expect(second.session).not.toBe(first.session);
    expect((await loadIdentity(join(folder, 'other'), random)).workerId).not.toBe(first.workerId);
  });

  test('refuses a file that holds no id', async () => {
    writeFileSync(join(folder, 'worker-id'), '../x\n');
    await expect(loadIdentity(folder, new SeededRandom())).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});
