/** The `order_by` of list requests: a field, then `asc` or `desc` (Google AIP-132, with one field). */
import { invalidArgument } from '../errors/marid-error.js';

/** An order. */
export interface Order {
  /** A field of the proto, for example `create_time`. */
  readonly field: string;
  readonly descending: boolean;
}

/** Reads an `order_by`; ascending when it does not say. Blank: the fallback. `INVALID_ARGUMENT` on `order_by` for anything else than one known field. */
export function parseOrderBy(text: string, fields: readonly string[], fallback: Order): Order {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const [field, direction = 'asc', ...more] = words;
  if (field === undefined) return fallback;
  if (!fields.includes(field) || !['asc', 'desc'].includes(direction) || more.length > 0) {
    const description = `must be one of ${fields.join(', ')}, then \`asc\` or \`desc\`, for example \`${fallback.field} desc\`.`;
    throw invalidArgument([{ field: 'order_by', description }]);
  }
  return { field, descending: direction === 'desc' };
}
