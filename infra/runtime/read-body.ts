/** Bytes of a body as they come from the network. */
import type { Readable } from 'node:stream';
import type { Clock } from '../../core/ports/clock.js';

/** What `readBody` is told. */
export interface BodyOptions {
  readonly clock: Clock;
  /** Longest wait for the next bytes, milliseconds. Only waiting counts, not what the reader does in between. */
  readonly idleMs: number;
  readonly translate: (error: unknown) => Error;
}

/** Reads to the end. The connection is free again at the end, when the reader stops early, and on an error. */
export async function* readBody(body: Readable, options: BodyOptions): AsyncGenerator<Uint8Array> {
  const pieces = body.iterator({ destroyOnReturn: true });
  try {
    for (
      let piece = await nextPiece(body, pieces, options);
      piece !== null;
      piece = await nextPiece(body, pieces, options)
    ) {
      yield piece;
    }
  } finally {
    body.destroy();
  }
}

async function nextPiece(
  body: Readable,
  pieces: AsyncIterator<unknown>,
  { clock, idleMs, translate }: BodyOptions,
): Promise<Uint8Array | null> {
  const cancel = clock.after(idleMs, () => {
    body.destroy(Object.assign(new Error('no bytes in time'), { name: 'TimeoutError' }));
  });
  try {
    const result: IteratorResult<unknown, unknown> = await pieces.next();
    return result.done === true ? null : decodePiece(result.value);
  } catch (error) {
    throw translate(error);
  } finally {
    cancel();
  }
}

/** A response of the HTTP client has buffers only. */
function decodePiece(piece: unknown): Uint8Array {
  if (!Buffer.isBuffer(piece)) throw new TypeError('a piece of a body is no buffer');
  return piece;
}
