import { describe, expect, test } from '@jest/globals';
import type { Clock } from '../../../../../core/ports/clock.js';
import { armLong } from '../../../../../infra/process/launcher/long-timer.js';
import { FakeClock } from '../../../../support/fake-clock.js';

const DAY_MS = 86_400_000;

describe('armLong', () => {
  test('fires once after any duration, with timers that the platform can take', async () => {
    const fake = new FakeClock();
    const steps: number[] = [];
    const clock: Clock = {
      now: () => fake.now(),
      monotonic: () => fake.monotonic(),
      sleep: (ms, signal) => fake.sleep(ms, signal),
      after: (ms, callback) => {
        steps.push(ms);
        return fake.after(ms, callback);
      },
    };
    let fired = 0;
    armLong(clock, 90 * DAY_MS, () => (fired += 1));
    await fake.advance(90 * DAY_MS - 1);
    expect(fired).toBe(0);
    await fake.advance(1);
    expect(fired).toBe(1);
    expect(Math.max(...steps)).toBeLessThan(2 ** 31);
  });

  test('is cancelled whenever', async () => {
    const clock = new FakeClock();
    let fired = 0;
    const cancel = armLong(clock, 60 * DAY_MS, () => (fired += 1));
    await clock.advance(40 * DAY_MS);
    cancel();
    expect(clock.pending).toBe(0);
    await clock.advance(40 * DAY_MS);
    expect(fired).toBe(0);
  });
});
