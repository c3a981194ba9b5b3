import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { LeaseKeeper } from '../../../../../workers/gateway/session/lease-keeper.js';

const TTL = 100_000;

let clock: FakeClock;
let told: { readonly terminateInMs: number; readonly killInMs: number }[];
let keeper: LeaseKeeper;

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  const renew = async (deadlines: (typeof told)[number]): Promise<void> => {
    told.push(deadlines);
  };
  keeper = new LeaseKeeper({ launcher: { renew }, clock, logger: new QuietLogger() });
});

describe('LeaseKeeper', () => {
  test('counts a renewal from when it was sent, on the clock that went further', async () => {
    const sent = keeper.mark();
    await clock.advance(1000);
    clock.shiftWall(4000);
    await keeper.renewed(sent, TTL);
    expect(told).toEqual([{ terminateInMs: 65_000, killInMs: 75_000 }]);
  });

  test('does not go back to a renewal that was sent earlier and answered later', async () => {
    await keeper.renewed(keeper.mark(), TTL);
    const slow = keeper.mark();
    await clock.advance(2000);
    await keeper.renewed(keeper.mark(), null);
    await keeper.renewed(slow, null);
    expect(told.map(({ terminateInMs }) => terminateInMs)).toEqual([70_000, 70_000, 70_000]);
  });

  test('takes acknowledged beats for renewals while the lease has not run out', async () => {
    await keeper.beaten(keeper.mark());
    expect(told).toEqual([]); // there is no lease yet
    await keeper.renewed(keeper.mark(), TTL);
    for (let beats = 0; beats < 3; beats += 1) {
      await clock.advance(60_000);
      await keeper.beaten(keeper.mark());
    }
    expect(told.at(-1)).toEqual({ terminateInMs: 70_000, killInMs: 80_000 });
  });

  test('lets only the control plane renew a lease that has run out, also when the beat was sent before', async () => {
    await keeper.renewed(keeper.mark(), TTL);
    const sent = keeper.mark();
    await clock.advance(70_000);
    await keeper.beaten(sent);
    await keeper.beaten(keeper.mark());
    expect(told).toHaveLength(1);
    await keeper.renewed(keeper.mark(), null);
    expect(told).toHaveLength(2);
  });
});
