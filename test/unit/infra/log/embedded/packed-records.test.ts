import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packRecords, unpackRecords } from '../../../../../infra/log/embedded/packed-records.js';

const record = fc.record({
  key: fc.string({ unit: 'binary' }),
  headers: fc.dictionary(fc.string(), fc.string()),
  value: fc.uint8Array(),
});

describe('packed records', () => {
  test('come back as they were, however many', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1 }), (records) => {
        const { meta, value } = packRecords(records);
        expect(JSON.parse(JSON.stringify(unpackRecords(meta, value)))).toEqual(JSON.parse(JSON.stringify(records)));
      }),
    );
  });

  test('of earlier versions are read: one in a row', () => {
    const value = Uint8Array.of(1, 2, 3);
    expect(unpackRecords('["k",{"a":"b"}]', value)).toEqual([{ key: 'k', headers: { a: 'b' }, value }]);
    expect(unpackRecords('', value)).toEqual([{ key: '', headers: {}, value }]);
  });

  test.each(['{}', '[1,{}]', '[["k",{},2]]', '[["k",{},9]]', '[["k",{},1],7]', 'x'])('that are damaged: %s', (meta) => {
    expect(() => unpackRecords(meta, Uint8Array.of(1, 2, 3))).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
  });
});
