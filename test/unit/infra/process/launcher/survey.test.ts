import { expect, test } from '@jest/globals';
import { Survey } from '../../../../../infra/process/launcher/survey.js';
import { SystemClock } from '../../../../../infra/runtime/system-clock.js';

/** A machine on which everything takes ten seconds. */
class BusyClock extends SystemClock {
  readonly sleeps: number[] = [];
  private readings = 0;

  override monotonic(): number {
    return (this.readings += 10_000);
  }

  override sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    return Promise.resolve();
  }
}

test('a look that took long because the machine is busy does not put off the next one for long', async () => {
  const clock = new BusyClock();
  const survey = new Survey(clock);
  const [first, shared] = [survey.look(), survey.look()];
  expect(await shared).toBe(await first);
  expect((await survey.look()).ticksOf(process.pid)).toBeGreaterThan(0);
  expect(clock.sleeps).toEqual([0, 1000]);
});
