import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { untilAborted } from '../../../../services/control-plane/until-aborted.js';

test.each([0, 1])('untilAborted resolves with whichever aborts, and listens to none any more: %i', async (which) => {
  const [one, other] = [new AbortController(), new AbortController()];
  const done = untilAborted(one.signal, other.signal);
  expect(getEventListeners(one.signal, 'abort')).toHaveLength(1);
  [one, other][which]?.abort();
  await done;
  await untilAborted(one.signal, other.signal);
  for (const { signal } of [one, other]) expect(getEventListeners(signal, 'abort')).toEqual([]);
});
