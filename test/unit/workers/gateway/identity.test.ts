import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadIdentity, sessionBehind } from '../../../../workers/gateway/identity.js';
import { SystemRandom } from '../../../../infra/runtime/system-random.js';
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

  test('a session sorts behind those of earlier runs, also when the clock was set back', async () => {
    let clock = 1_800_000_000_000;
    const random = new SystemRandom();
    const id = (): string => v7({ msecs: clock });
    const sessions: string[] = [];
    for (const stepMs of [0, 5000, -3_600_000, 1, -1]) {
      clock += stepMs;
      sessions.push((await loadIdentity(folder, { next: () => random.next(), id })).session);
    }
    expect(sessions.toSorted()).toEqual(sessions);
    expect(new Set(sessions).size).toBe(sessions.length);
  });

  test('refuses a file that holds no id', async () => {
    writeFileSync(join(folder, 'worker-id'), '../x\n');
    await expect(loadIdentity(folder, new SeededRandom())).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});

describe('sessionBehind', () => {
  test('keeps an id that is behind, and one before which there is nothing that can be read', () => {
    const id = '0190a0b0-c0d0-7000-8000-000000000000';
    expect(sessionBehind(null, id)).toBe(id);
    expect(sessionBehind('0190a0b0-c0cf-7fff-8000-000000000000', id)).toBe(id);
    expect(sessionBehind('what is this', id)).toBe(id);
    expect(sessionBehind('0190a0b0-c0d0-7fff-8000-000000000000', id)).toBe('0190a0b0-c0d1-7000-8000-000000000000');
  });
});
