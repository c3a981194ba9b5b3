import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { BootClock } from '../../../../../infra/process/launcher/boot-clock.js';
import { openLibc } from '../../../../../infra/process/launcher/libc.js';
import { readStat } from '../../../../../infra/process/launcher/proc.js';

test('BootClock counts as the kernel does for the starts of processes', async () => {
  const clock = new BootClock(openLibc());
  const before = clock.ticks();
  const child = spawn('/bin/sleep', ['60']);
  const after = clock.ticks();
  const noted = readStat(child.pid ?? 0)?.startTicks;
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(noted).toBeGreaterThanOrEqual(before);
  expect(noted).toBeLessThanOrEqual(after);
});
