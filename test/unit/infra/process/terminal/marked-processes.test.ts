import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { MARK_VARIABLE } from '../../../../../infra/process/launcher/survey.js';
import { signalMarked } from '../../../../../infra/process/terminal/marked-processes.js';

test('signalMarked reaches what has exactly the mark, also one that is not ASCII', async () => {
  const mark = `/home/zoë/${String(process.pid)}`;
  const [marked, other] = [mark, `${mark}x`].map((value) =>
    spawn('/bin/sleep', ['60'], { env: { [MARK_VARIABLE]: value } }),
  );
  if (marked === undefined || other === undefined) throw new Error('not started');
  await Promise.all([marked, other].map((child) => once(child, 'spawn')));
  const ended = once(marked, 'exit');
  expect(signalMarked(mark, 'SIGTERM')).toBe(1);
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(other.exitCode ?? other.signalCode).toBeNull();
  other.kill('SIGKILL');
  await once(other, 'exit');
});
