import { describe, expect, test } from '@jest/globals';
import { parseOrderBy } from '../../../../core/listing/order-by.js';

const FIELDS = ['create_time', 'name'];
const FALLBACK = { field: 'create_time', descending: true };

describe('parseOrderBy', () => {
  test.each([
    ['', FALLBACK],
    ['  ', FALLBACK],
    ['name', { field: 'name', descending: false }],
    ['name asc', { field: 'name', descending: false }],
    [' create_time   desc ', FALLBACK],
  ])('reads %p', (text, order) => {
    expect(parseOrderBy(text, FIELDS, FALLBACK)).toEqual(order);
  });

  test.each(['size', 'name up', 'name asc desc', 'name,create_time', 'desc'])(
    'refuses %p, naming the fields',
    (text) => {
      expect(() => parseOrderBy(text, FIELDS, FALLBACK)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          violations: [{ field: 'order_by', description: expect.stringContaining('create_time, name') }],
        }),
      );
    },
  );
});
