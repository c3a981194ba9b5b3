/** What clients make of messages and failures, whatever carries them. */
import { fromBinary, toBinary, type DescMethod, type Message } from '@bufbuild/protobuf';
import { MaridError } from '../../core/errors/marid-error.js';
import { pathOf } from './bind-service.js';

/** The bytes of a request, in a buffer of their own. Throws `INVALID_ARGUMENT` when it cannot be written. */
export function encodeRequest(method: DescMethod, request: Message): Uint8Array {
  try {
    return toBinary(method.input, request);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : 'it is not a message';
    throw new MaridError('INVALID_ARGUMENT', `The request of ${pathOf(method)} cannot be sent: ${text}`, { cause });
  }
}

/** The answer that bytes are. Throws `DATA_LOSS` when they are none. */
export function decodeResponse(method: DescMethod, bytes: Uint8Array | undefined): Message {
  try {
    if (bytes === undefined) throw new Error('no message');
    // A plain view, so that `bytes` fields are Uint8Array and not Buffer.
    return fromBinary(method.output, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    throw new MaridError('DATA_LOSS', `The answer of ${pathOf(method)} is not a ${method.output.typeName}.`, { cause });
  }
}

/** Why a call ended whose signal aborted. */
export function cancelled(): MaridError {
  return new MaridError('CANCELLED', 'The call was cancelled.');
}

/** Why a call fails whose channel is closed. */
export function channelClosed(address: string): MaridError {
  return new MaridError('UNAVAILABLE', `The channel to ${address} is closed.`, { retryable: false });
}
