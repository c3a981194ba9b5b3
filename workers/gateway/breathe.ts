/** Lets others of this process come to their turn, in the middle of what is done without waiting. A call of the thread pool would do so too, but wakes a thread. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
