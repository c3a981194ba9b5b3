/** The first values, at most so many; the others are not looked at. */
export function* firstOf<T>(values: Iterable<T>, count: number): Generator<T, void, undefined> {
  let left = count;
  for (const value of values) {
    if (left === 0) return;
    left -= 1;
    yield value;
  }
}
