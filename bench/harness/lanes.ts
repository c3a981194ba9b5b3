/** Work on many items, so many at a time. */

/** Takes the items in order, the next whenever one of `lanes` is done with its own; resolves when all are done. */
export async function inLanes<T>(
  items: Iterable<T>,
  lanes: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let step = left.next(); step.done !== true; step = left.next()) await work(step.value);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** The numbers from 0, so many. */
export function* upTo(count: number): Generator<number, void, undefined> {
  for (let number = 0; number < count; number += 1) yield number;
}
