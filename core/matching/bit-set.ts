/** A growing set of small numbers, 32 a word, so that many sets intersect fast. */
export class BitSet {
  #words: Uint32Array;

  constructor(words: Uint32Array = new Uint32Array(1)) {
    this.#words = words;
  }

  /** Whether nothing is in it. */
  get isEmpty(): boolean {
    return this.#words.every((word) => word === 0);
  }

  /** Adds a number. */
  add(value: number): void {
    const at = value >>> 5;
    if (at >= this.#words.length) this.#grow(at + 1);
    this.#words[at] = this.#word(at) | (1 << (value & 31));
  }

  /** Takes a number out. */
  delete(value: number): void {
    const at = value >>> 5;
    if (at < this.#words.length) this.#words[at] = this.#word(at) & ~(1 << (value & 31));
  }

  /** Whether a number is in all of this, `second` and `third`. Makes no new set: most pairs of criteria have nothing in common. */
  meets(second: BitSet, third: BitSet = second): boolean {
    const length = Math.min(this.#words.length, second.#words.length, third.#words.length);
    for (let at = 0; at < length; at++) {
      if ((this.#word(at) & second.#word(at) & third.#word(at)) !== 0) return true;
    }
    return false;
  }

  /** A new set of the numbers that are in both. */
  and(other: BitSet): BitSet {
    const words = this.#words.slice(0, Math.min(this.#words.length, other.#words.length));
    for (let at = 0; at < words.length; at++) words[at] = this.#word(at) & other.#word(at);
    return new BitSet(words);
  }

  /** Calls `visit` with each number, ascending. */
  forEach(visit: (value: number) => void): void {
    for (let at = 0; at < this.#words.length; at++) {
      for (let word = this.#word(at); word !== 0; word &= word - 1) {
        visit((at << 5) + 31 - Math.clz32(word & -word));
      }
    }
  }

  #word(at: number): number {
    return this.#words[at] ?? 0;
  }

  #grow(atLeast: number): void {
    const words = new Uint32Array(Math.max(atLeast, 2 * this.#words.length));
    words.set(this.#words);
    this.#words = words;
  }
}
