/**
 * kafkajs 2.2.4 arms a timer of 1 ms for every idle connection, for ever: about 5 % of a core each. The patch makes its request queue look again only when
 * something is pending.
 */
import { patchMethod } from './patched-method.js';

/** Patches the class `RequestQueue`; once, however often it is called. `INTERNAL` if it is not the class that the patch was written for. */
export function patchIdleTimer(requestQueue: unknown): void {
  const purpose = 'idle connections cannot be kept from spinning';
  patchMethod(requestQueue, 'scheduleCheckPendingRequests', purpose, (schedule) => {
    return function scheduleWhenPending() {
      if (hasPending(this)) schedule.call(this);
    };
  });
}

function hasPending(queue: unknown): boolean {
  const known = typeof queue === 'object' && queue !== null && 'pending' in queue;
  return known && Array.isArray(queue.pending) && queue.pending.length > 0;
}
