/** Replacing a method of a class of kafkajs. */
import { MaridError } from '../../../core/errors/marid-error.js';

/** Any method. */
export type Method = (this: unknown, ...parameters: readonly unknown[]) => unknown;

const patched = new WeakMap<object, Set<string>>();

/**
 * Puts what `wrap` makes of it in the place of a method; once, however often it is called. `INTERNAL` if it is not the class that the patch was written for; `purpose` ends the sentence "so ... cannot be".
 */
export function patchMethod(type: unknown, name: string, purpose: string, wrap: (original: Method) => Method): void {
  const prototype: unknown = typeof type === 'function' ? type.prototype : null;
  const method: unknown = isObject(prototype) ? prototype[name] : null;
  if (!isObject(prototype) || typeof method !== 'function') {
    const text = `kafkajs has changed: a class has no method ${name} any more, so ${purpose}. Install kafkajs 2.2.4.`;
    throw new MaridError('INTERNAL', text);
  }
  const names = patched.get(prototype) ?? new Set();
  if (names.has(name)) return;
  prototype[name] = wrap(method as Method);
  patched.set(prototype, names.add(name));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
