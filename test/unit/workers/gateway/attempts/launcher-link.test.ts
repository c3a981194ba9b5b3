import { describe, expect, test } from '@jest/globals';
import { MaridError } from '../../../../../core/errors/marid-error.js';
import type { Launcher } from '../../../../../core/ports/launcher.js';
import { LauncherLink } from '../../../../../workers/gateway/attempts/launcher-link.js';
import { eventually } from '../../../../support/eventually.js';
import { FakeClock } from '../../../../support/fake-clock.js';
import { QuietLogger } from '../../../../support/quiet-logger.js';
import { SeededRandom } from '../../../../support/seeded-random.js';

const LOST = new MaridError('UNAVAILABLE', 'lost');

/** A launcher that breaks when it is told to. */
function breakable() {
  let tell: (error: Error) => void = () => undefined;
  const launcher: Launcher = {
    start: async () => ({ processId: 1, startedAt: 1 }),
    kill: async () => true,
    renew: async () => undefined,
    adopt: async () => [],
    onExit: () => undefined,
    forget: async () => undefined,
    onBroken: (listener) => (tell = listener),
    close: async () => undefined,
  };
  return { launcher, break: () => tell(LOST) };
}

describe('LauncherLink', () => {
  test('that breaks again while it comes back connects one time after the other', async () => {
    const launchers = [breakable(), breakable(), breakable(), breakable()];
    let connections = 0;
    const connect = async (): Promise<Launcher> => launchers[connections++]?.launcher ?? Promise.reject(LOST);
    const clock = new FakeClock();
    const link = await LauncherLink.connect({ connect, clock, random: new SeededRandom(), logger: new QuietLogger() });
    let back = 0;
    link.onReconnected(async () => {
      back += 1;
      if (back > 1) return;
      launchers[1]?.break();
      throw LOST;
    });
    launchers[0]?.break();
    await expect(link.adopt()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await eventually('a second try', async () => {
      await clock.advance(1_000);
      return link.connected;
    });
    expect({ connections, back }).toEqual({ connections: 3, back: 2 });
    await link.close();
  });
});
