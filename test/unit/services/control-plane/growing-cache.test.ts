import { expect, test } from '@jest/globals';
import { growingCache } from '../../../../services/control-plane/growing-cache.js';

test('growingCache keeps what was used last, and takes no memory before', () => {
  const before = process.memoryUsage().arrayBuffers;
  const huge = growingCache<string, number>(10_000_000);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  expect(huge.size).toBe(0);

  const cache = growingCache<string, number>(2);
  for (const [number, name] of ['a', 'b'].entries()) cache.set(name, number);
  cache.get('a');
  cache.set('c', 2);
  expect([...cache.keys()].sort()).toEqual(['a', 'c']);
});
