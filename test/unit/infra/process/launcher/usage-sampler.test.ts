import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { UsageSampler } from '../../../../../infra/process/launcher/usage-sampler.js';
import { FakeClock } from '../../../../support/fake-clock.js';

describe('UsageSampler', () => {
  test('measures the whole session while something is watched, and stops with the last', async () => {
    const clock = new FakeClock();
    const sampler = new UsageSampler({ clock });
    const script = 'head -c 200000000 /dev/zero | tail -c 1 >/dev/null; (while :; do :; done) & echo; sleep 60';
    const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const session = child.pid ?? 0;
    try {
      await new Promise((ready) => child.stdout.once('data', ready));
      sampler.watch(session);
      await clock.advance(2000);
      const usage = sampler.take(session);
      expect(usage?.peakMemoryBytes).toBeGreaterThan(1_000_000);
      expect(usage?.cpuTimeMs).toBeGreaterThan(0);
      expect(clock.pending).toBe(0);
      expect(sampler.take(session)).toBeNull();
    } finally {
      process.kill(-session, 'SIGKILL');
    }
  });
});
