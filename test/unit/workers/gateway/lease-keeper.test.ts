import { describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../core/errors/marid-error.js';
import { LeaseKeeper } from '../../../../workers/gateway/session/lease-keeper.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { QuietLogger } from '../../../support/quiet-logger.js';

function setUp(answer: () => Promise<void> = async () => undefined) {
  const told: { readonly terminateInMs: number; readonly killInMs: number }[] = [];
  const clock = new FakeClock();
  const renew = (options: (typeof told)[number]): Promise<void> => {
    told.push(options);
    return answer();
  };
  return { told, clock, lease: new LeaseKeeper({ launcher: { renew }, clock, logger: new QuietLogger() }) };
}

describe('LeaseKeeper', () => {
  test('counts from the time when the call was sent, on the clock that has gone further', async () => {
    const { told, clock, lease } = setUp();
    const sent = lease.mark();
    await clock.advance(3_000);
    await lease.renewed(sent, 100_000);
    const again = lease.mark();
    clock.shiftWall(10_000);
    await lease.renewed(again, null);
    expect(told).toEqual([
      { terminateInMs: 67_000, killInMs: 77_000 },
      { terminateInMs: 60_000, killInMs: 70_000 },
    ]);
  });

  test('tells nothing before the first renewal, and of a lease that is over that nothing may run', async () => {
    const { told, clock, lease } = setUp();
    await lease.tell();
    const sent = lease.mark();
    await clock.advance(71_000);
    await lease.renewed(sent, 100_000);
    await clock.advance(20_000);
    await lease.tell();
    expect(told).toEqual([
      { terminateInMs: 0, killInMs: 9_000 },
      { terminateInMs: 0, killInMs: 0 },
    ]);
  });

  test('covers answers until the launcher would terminate', async () => {
    const { clock, lease } = setUp();
    const sent = lease.mark();
    expect(lease.covers(sent)).toBe(false);
    await lease.renewed(sent, 100_000);
    await clock.advance(69_999);
    expect(lease.covers(sent)).toBe(true);
    await clock.advance(1);
    expect(lease.covers(sent)).toBe(false);
  });

  test('knows when another process has the launcher', async () => {
    const { lease } = setUp(() => Promise.reject(new MaridError('STALE_SESSION', 'taken over')));
    await lease.renewed(lease.mark(), 100_000);
    expect(lease.superseded).toBe(true);
  });
});
