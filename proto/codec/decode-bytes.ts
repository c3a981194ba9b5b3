/** Messages out of bytes that somebody else wrote. */
import { fromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';

/** The message, or `null` when the bytes are not one. */
export function decodeBytes<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> | null {
  try {
    return fromBinary(schema, bytes);
  } catch {
    return null;
  }
}
