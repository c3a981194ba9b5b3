/**
 * kafkajs 2.2.4 arms a timer of 1 ms for every idle connection, for ever: about 5 % of a core each. The patch makes its request queue look again only when
 * something is pending.
 */
import { MaridError } from '../../../core/errors/marid-error.js';

/** The method of kafkajs that arms the timer. */
const METHOD = 'scheduleCheckPendingRequests';

/** What of kafkajs' `RequestQueue` the patch touches. */
interface QueuePrototype {
  scheduleCheckPendingRequests: (this: { readonly pending: readonly unknown[] }) => void;
}

const patched = new WeakSet<object>();

/** Patches the class; once, however often it is called. `INTERNAL` if it is not the class that the patch was written for. */
export function patchIdleTimer(requestQueue: unknown): void {
  const prototype = decodeQueuePrototype(requestQueue);
  if (patched.has(prototype)) return;
  const schedule = prototype[METHOD];
  prototype[METHOD] = function scheduleWhenPending(): void {
    if (this.pending.length > 0) schedule.call(this);
  };
  patched.add(prototype);
}

function decodeQueuePrototype(requestQueue: unknown): QueuePrototype {
  const prototype: unknown = typeof requestQueue === 'function' ? requestQueue.prototype : null;
  if (typeof prototype === 'object' && prototype !== null && METHOD in prototype) {
    const { [METHOD]: method } = prototype;
    if (typeof method === 'function') return prototype as QueuePrototype;
  }
  throw new MaridError(
    'INTERNAL',
    `kafkajs has changed: its RequestQueue has no method ${METHOD}, so idle connections cannot be kept from spinning. Install kafkajs 2.2.4.`,
  );
}
