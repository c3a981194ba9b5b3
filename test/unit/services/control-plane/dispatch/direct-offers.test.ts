/** Offers that wait for a worker's next call. */
import { describe, expect, test } from '@jest/globals';
import { Room } from '../../../../../core/dispatch/room.js';
import { DirectOffers } from '../../../../../services/control-plane/dispatch/direct-offers.js';
import { FakeClock } from '../../../../support/fake-clock.js';

const idsOf = (offers: readonly { readonly id: string }[]): readonly string[] => offers.map(({ id }) => id);

describe('DirectOffers', () => {
  test('keeps the offers of pools whose workers ask, once each, and gives them in order to who has room', () => {
    const offers = new DirectOffers(new FakeClock());
    expect(offers.add('p', { id: 'a', memoryMb: 1 })).toBe(false);
    offers.asked('p');
    for (const [id, memoryMb] of [
      ['a', 50],
      ['b', 500],
      ['c', 50],
      ['a', 50],
    ] as const) {
      expect(offers.add('p', { id, memoryMb })).toBe(true);
    }
    expect(offers.add('other', { id: 'x', memoryMb: 1 })).toBe(false);
    expect(idsOf(offers.take('p', new Room(100, 10)))).toEqual(['a', 'c']);
    expect(idsOf(offers.take('p', new Room(1000, 10)))).toEqual(['b']);
    expect(offers.take('p', new Room(1000, 10))).toEqual([]);
  });

  test('keeps nothing once its workers have not asked for a while', async () => {
    const clock = new FakeClock();
    const offers = new DirectOffers(clock);
    offers.asked('p');
    offers.add('p', { id: 'a', memoryMb: 1 });
    await clock.advance(10_000);
    expect(offers.add('p', { id: 'b', memoryMb: 1 })).toBe(false);
    expect(offers.take('p', new Room(10, 10))).toEqual([]);
  });
});
