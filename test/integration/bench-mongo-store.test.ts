/** The database in which the bench measures MongoDB. */
import { expect, test } from '@jest/globals';
import { inMongo } from '../../bench/contenders/mongo-store.js';
import type { JobStore } from '../../core/ports/job-store.js';
import { describeEngine } from '../support/engines.js';
import { makeJob } from '../support/job-fixtures.js';
import { withClient } from '../support/mongo-database.js';

await describeEngine('mongo', (url) => {
  test.each([true, false])('is made for the work and gone after it: work that succeeds: %s', async (succeeds) => {
    const lines: string[] = [];
    const work = async (store: JobStore): Promise<string> => {
      await store.insert({ job: makeJob({}) });
      expect(await isThere(url, databaseOf(lines))).toBe(true);
      if (!succeeds) throw new Error('failed');
      return 'done';
    };
    const ended = inMongo(url, (line) => lines.push(line), work);
    await (succeeds ? expect(ended).resolves.toBe('done') : expect(ended).rejects.toThrow('failed'));
    expect(await isThere(url, databaseOf(lines))).toBe(false);
    expect(lines).toHaveLength(1);
  });
});

function databaseOf(lines: readonly string[]): string {
  return /marid-bench-[0-9a-f-]{36}/.exec(lines.join())?.[0] ?? 'not told';
}

async function isThere(url: string, name: string): Promise<boolean> {
  const { databases } = await withClient(url, (client) => client.db('admin').admin().listDatabases());
  return databases.some((each) => each.name === name);
}
