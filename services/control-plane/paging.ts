/** Sizes of pages, checked. */
import { invalidArgument } from '../../core/errors/marid-error.js';

const LARGEST_PAGE = 1000;

/** Entries a page: the default for 0. `INVALID_ARGUMENT` on `page_size` for what is not 0 to `largest` (1,000). */
export function limitOf(pageSize: number, fallback: number, largest = LARGEST_PAGE): number {
  if (pageSize === 0) return fallback;
  if (pageSize >= 1 && pageSize <= largest) return pageSize;
  const description = `must be 1 to ${String(largest)}, or 0 for ${String(fallback)}`;
  throw invalidArgument([{ field: 'page_size', description }]);
}

/** The error for a token that has a wrong position in it. */
export function positionViolation(): Error {
  const description = 'is not a token of this server; send an empty one to start again.';
  return invalidArgument([{ field: 'page_token', description }]);
}
