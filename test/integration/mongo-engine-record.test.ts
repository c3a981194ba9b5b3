/** Control planes that share a MongoDB database and not the other engines notice each other. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EngineRecord, GONE_AFTER_MS, type EngineSet } from '../../infra/store/mongo/engine-record.js';
import { describeEngine } from '../support/engines.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { openTestMongo, type TestMongo } from '../support/mongo-database.js';

interface StoredRecord {
  readonly _id: string;
  readonly seenAt: number;
}

const distributed: EngineSet = { engines: 'log kafka', folderId: null, place: 'host-1' };
const embedded: EngineSet = { engines: 'log embedded', folderId: 'folder-1', place: 'host-1:/data' };
const elsewhere: EngineSet = { ...embedded, folderId: 'folder-2', place: 'host-2:/data' };

await describeEngine('mongo', (url) => {
  let clock: FakeClock;
  let mongo: TestMongo;
  const claimed: EngineRecord[] = [];
  const claim = async (own: EngineSet): Promise<EngineRecord> => {
    const record = await EngineRecord.claim(mongo.database, own);
    claimed.push(record);
    return record;
  };

  beforeEach(async () => {
    clock = new FakeClock();
    mongo = await openTestMongo(url, { clock });
  });
  afterEach(async () => {
    await Promise.all(claimed.splice(0).map((record) => record.close()));
    await mongo.close();
  });

  describe('EngineRecord', () => {
    test('lets in any number with nothing embedded', async () => {
      await Promise.all([claim(distributed), claim(distributed), claim(distributed)]);
    });

    test('refuses an embedded engine in another folder, says where the first is, and lets it in when that one has ended', async () => {
      const first = await claim(embedded);
      await expect(claim(elsewhere)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(
          /in use by a control plane at host-1:\/data \(log embedded\).*start this one 45 s later/,
        ),
      });
      await first.close();
      await claim(elsewhere);
    });

    test('lets in the next process on the same folder at once, however the one before ended', async () => {
      await claim(embedded);
      await claim(embedded);
    });

    test('refuses other engines until the last of those that share theirs is gone for a while', async () => {
      const record = await claim(distributed);
      const claimedAt = clock.now();
      await eventually('renewals', async () => {
        await clock.advance(1000);
        const found = await mongo.database.collection<StoredRecord>('schema').findOne({ _id: 'engines' });
        return found !== null && found.seenAt > claimedAt + GONE_AFTER_MS;
      });
      await expect(claim(embedded)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await record.close();
      await expect(claim(embedded)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await clock.advance(GONE_AFTER_MS);
      await claim(embedded);
    });

    test('tells who finds the record taken over', async () => {
      await claim(embedded);
      clock.shiftWall(2 * GONE_AFTER_MS); // as if it had been cut off for so long
      await claim(elsewhere);
      await eventually('an error in the log', async () => {
        await clock.advance(1000);
        return mongo.logger.lines.some(({ level }) => level === 'error');
      });
    });
  });
});
