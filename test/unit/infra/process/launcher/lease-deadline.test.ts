import { beforeEach, describe, expect, test } from '@jest/globals';
import { LeaseDeadline } from '../../../../../infra/process/launcher/lease-deadline.js';
import { FakeClock } from '../../../../support/fake-clock.js';

describe('LeaseDeadline', () => {
  let clock: FakeClock;
  let lease: LeaseDeadline;
  const phaseAfter = async (ms: number): Promise<string> => {
    await clock.advance(ms);
    return lease.phase;
  };

  beforeEach(() => {
    clock = new FakeClock();
    lease = new LeaseDeadline({ clock, leaseMs: 120_000 });
  });

  test('without a renewal, terminates at 0.7 and kills at 0.8 of the lease', async () => {
    expect(lease.terminateInMs).toBe(84_000);
    expect(await phaseAfter(83_999)).toBe('held');
    expect(await phaseAfter(1)).toBe('terminate');
    expect(lease.killInMs).toBe(12_000);
    expect(await phaseAfter(11_999)).toBe('terminate');
    expect(await phaseAfter(1)).toBe('kill');
    expect([lease.terminateInMs, lease.killInMs]).toEqual([0, 0]);
  });

  test('a renewal counts from when it was sent', async () => {
    lease.renew({ terminateInMs: 1000, killInMs: 2000, ageMs: 400 });
    expect(await phaseAfter(599)).toBe('held');
    expect(await phaseAfter(1)).toBe('terminate');
    lease.renew({ terminateInMs: 1000, killInMs: 2000, ageMs: 5000 });
    expect(lease.phase).toBe('kill');
    lease.renew({ terminateInMs: 1000, killInMs: 2000, ageMs: -5000 });
    expect(lease.terminateInMs).toBe(1000);
  });

  test('never kills before it terminates', () => {
    lease.renew({ terminateInMs: 2000, killInMs: 1000 });
    expect(lease.killInMs).toBe(2000);
  });

  test('a wall clock set forward counts, for the machine may have slept; one set back does not', async () => {
    lease.renew({ terminateInMs: 1000, killInMs: 2000 });
    clock.shiftWall(-600_000);
    expect(await phaseAfter(999)).toBe('held');
    clock.shiftWall(601_000);
    expect(lease.phase).toBe('terminate');
  });

  test('the default lease begins anew only before the first renewal', async () => {
    await clock.advance(100_000);
    lease.resetUnlessRenewed();
    expect(lease.phase).toBe('held');
    lease.renew({ terminateInMs: 10, killInMs: 20 });
    await clock.advance(15);
    lease.resetUnlessRenewed();
    expect(lease.phase).toBe('terminate');
    lease.reset();
    expect(lease.terminateInMs).toBe(84_000);
  });
});
