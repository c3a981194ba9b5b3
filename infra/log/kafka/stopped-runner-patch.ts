/**
 * A consumer of kafkajs 2.2.4 that is stopped in the moment when the brokers change is left with fetchers that nobody ends: each asks its runner for records, and gets none at once, for ever, without a turn of the event
 * loop in between, so that the process hangs. With the patch a runner that is stopped refuses, which ends whoever asks.
 */
import { patchMethod } from './patched-method.js';

/** Patches the class `Runner`; once, however often it is called. `INTERNAL` if it is not the class that the patch was written for. */
export function patchStoppedRunner(runner: unknown): void {
  patchMethod(runner, 'fetch', 'a stopped consumer cannot be kept from spinning', (fetch) => {
    return async function fetchWhenRunning(...parameters) {
      if (!isRunning(this)) throw new Error('the consumer was stopped');
      return fetch.call(this, ...parameters);
    };
  });
}

function isRunning(runner: unknown): boolean {
  return typeof runner === 'object' && runner !== null && 'running' in runner && runner.running === true;
}
