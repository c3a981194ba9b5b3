/** What every `LeasePort` does. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LeasePort } from '../../../core/ports/lease-port.js';
import { uniqueName } from '../../support/job-fixtures.js';

/** A lease under test. */
export interface LeaseHarness {
  readonly lease: LeasePort;
  /** Lets time pass: a fake clock is moved, a real one waited for. */
  elapse(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Time to live in these tests, milliseconds: short for products with real clocks. */
const TTL_MS = 400;

/** Runs the suite. `open` gives a lease that it may keep for all tests. */
export function leaseSuite(product: string, open: () => Promise<LeaseHarness>): void {
  describe(`LeasePort: ${product}`, () => {
    let harness: LeaseHarness;
    let lease: LeasePort;
    beforeAll(async () => {
      harness = await open();
      lease = harness.lease;
    });
    afterAll(() => harness.close());

    test('one holder at a time, each name for itself', async () => {
      const name = uniqueName('lease');
      expect(await lease.acquire({ name, holder: 'a', ttlMs: 60_000 })).toBe(true);
      expect(await lease.acquire({ name, holder: 'b', ttlMs: 60_000 })).toBe(false);
      expect(await lease.acquire({ name: uniqueName('lease'), holder: 'b', ttlMs: 60_000 })).toBe(true);
    });

    test('of many that ask at once exactly one gets it', async () => {
      const name = uniqueName('lease');
      const holders = Array.from({ length: 20 }, (_, index) => `holder-${String(index)}`);
      const results = await Promise.all(holders.map((holder) => lease.acquire({ name, holder, ttlMs: 60_000 })));
      expect(results.filter(Boolean)).toHaveLength(1);
    });

    test('it runs out after its time, and a renewal moves that on', async () => {
      const name = uniqueName('lease');
      await lease.acquire({ name, holder: 'a', ttlMs: TTL_MS });
      await harness.elapse(TTL_MS / 2);
      expect(await lease.acquire({ name, holder: 'a', ttlMs: TTL_MS })).toBe(true);
      await harness.elapse(TTL_MS * 0.7);
      expect(await lease.acquire({ name, holder: 'b', ttlMs: TTL_MS })).toBe(false);
      await harness.elapse(TTL_MS * 0.4);
      expect(await lease.acquire({ name, holder: 'b', ttlMs: 60_000 })).toBe(true);
      expect(await lease.acquire({ name, holder: 'a', ttlMs: TTL_MS })).toBe(false);
    });

    test('its holder gives it up; nobody else can', async () => {
      const name = uniqueName('lease');
      await lease.acquire({ name, holder: 'a', ttlMs: 60_000 });
      await lease.release({ name, holder: 'b' });
      expect(await lease.acquire({ name, holder: 'b', ttlMs: 60_000 })).toBe(false);
      await lease.release({ name, holder: 'a' });
      await lease.release({ name, holder: 'a' });
      expect(await lease.acquire({ name, holder: 'b', ttlMs: 60_000 })).toBe(true);
    });
  });
}
