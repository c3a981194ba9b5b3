/** Answers that are encoded before they are sent, in time that would else be spent waiting. */
import { create, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';

const encoded = new WeakMap<object, Uint8Array>();

/** The message, whose bytes are kept until it is sent: it must not change any more. One that cannot be encoded fails when it is sent. */
export function encodeAhead<D extends DescMessage>(schema: D, fields: MessageInitShape<D>): MessageShape<D> {
  const message = create(schema, fields);
  try {
    encoded.set(message, toBinary(schema, message));
  } catch {
    // whoever sends it gets the error
  }
  return message;
}

/** The bytes of a message that was encoded ahead. */
export function encodedAhead(message: object): Uint8Array | undefined {
  return encoded.get(message);
}
