import { beforeEach, describe, expect, test } from '@jest/globals';
import { PollLoop } from '../../../../core/loops/poll-loop.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { QuietLogger } from '../../../support/quiet-logger.js';

let clock = new FakeClock();
let runs: number[] = [];

beforeEach(() => {
  clock = new FakeClock();
  runs = [];
});

function loop(options: { readonly run?: (signal: AbortSignal) => Promise<unknown> }): PollLoop {
  const run = async (signal: AbortSignal): Promise<unknown> => {
    runs.push(clock.monotonic());
    return options.run?.(signal);
  };
  return new PollLoop({
    name: 'test',
    intervalMs: () => 100 * Math.max(1, runs.length),
    clock,
    logger: new QuietLogger(),
    ...options,
    run,
  });
}

describe('a poll loop', () => {
  test('runs after each interval, which is asked before each wait', async () => {
    const loops = loop({});
    await loops.start();
    await loops.start();
    await clock.advance(700);
    expect(runs).toEqual([100, 200, 400, 700]);
    await loops.stop();
    expect(clock.pending).toBe(0);
  });

  test('runs at once when asked to, and goes on after a failure', async () => {
    const loops = loop({ run: () => Promise.reject(new Error('once')) });
    loops.wake();
    await loops.start();
    await clock.advance(100);
    expect(runs).toEqual([0, 100]);
    await loops.stop();
  });

  test('a wake ends the wait, and during a run it makes another follow at once', async () => {
    const loops = loop({ run: async () => (runs.length === 2 ? loops.wake() : undefined) });
    await loops.start();
    await clock.advance(50);
    loops.wake();
    await clock.advance(0);
    expect(runs).toEqual([50]);
    await clock.advance(100);
    expect(runs).toEqual([50, 150, 150]);
    await loops.stop();
    expect(clock.pending).toBe(0);
  });

  test('a stop waits for the run under way, which is told, and is for good', async () => {
    let told: AbortSignal | null = null;
    let end = (): void => undefined;
    const loops = loop({
      run: (signal) => ((told = signal), new Promise<void>((resolve) => (end = resolve))),
    });
    loops.wake();
    await loops.start();
    await clock.advance(0);
    let stopped = false;
    const stopping = loops.stop().then(() => (stopped = true));
    await clock.advance(0);
    expect([stopped, told]).toEqual([false, expect.objectContaining({ aborted: true })]);
    end();
    await stopping;
    await loops.start();
    await clock.advance(1000);
    expect(runs).toHaveLength(1);
  });
});
