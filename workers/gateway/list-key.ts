/** Configuration keys that are lists. */
import { z } from 'zod';

/** A list, in variables with commas between. */
export function list<T extends z.ZodType>(item: T) {
  return z.preprocess(
    (given: unknown) =>
      typeof given === 'string'
        ? given
            .split(',')
            .map((each) => each.trim())
            .filter((each) => each !== '')
        : given,
    z.array(item),
  );
}
