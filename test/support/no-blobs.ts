/** For what must not need a blob store. */
import { MaridError } from '../../core/errors/marid-error.js';

/** In place of opening one. */
export async function noBlobs(): Promise<never> {
  throw new MaridError('UNAVAILABLE', 'There is no blob store.');
}
