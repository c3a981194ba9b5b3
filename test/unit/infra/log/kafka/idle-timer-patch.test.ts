import { describe, expect, test } from '@jest/globals';
import { createRequire } from 'node:module';
import { patchIdleTimer } from '../../../../../infra/log/kafka/idle-timer-patch.js';

interface Queue {
  pending: unknown[];
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  scheduleCheckPendingRequests(): void;
  checkPendingRequests(): void;
  destroy(): void;
}

/** kafkajs' own class, fresh: another test file may have patched the shared one. */
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
  options: object,
) => Queue;

function newQueue(): Queue {
  const logger = { debug: () => undefined };
  return new RequestQueue({ requestTimeout: 1000, enforceRequestTimeout: false, clientId: 'c', broker: 'b', logger });
}

describe('patchIdleTimer', () => {
  test('an idle queue of kafkajs arms a timer, and none once it is patched', () => {
    const before = newQueue();
    before.checkPendingRequests();
    expect(before.throttleCheckTimeoutId).not.toBeNull();
    before.destroy();

    patchIdleTimer(RequestQueue);
    patchIdleTimer(RequestQueue);
    const after = newQueue();
    after.checkPendingRequests();
    expect(after.throttleCheckTimeoutId).toBeNull();
    after.pending = [{}];
    after.scheduleCheckPendingRequests();
    expect(after.throttleCheckTimeoutId).not.toBeNull();
    after.destroy();
  });

  test.each([undefined, {}, class {}])('another class is refused, naming what is missing', (other) => {
    expect(() => patchIdleTimer(other)).toThrow(/kafkajs has changed.*scheduleCheckPendingRequests/);
  });
});
