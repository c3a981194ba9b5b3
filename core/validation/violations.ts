import type { FieldViolation } from '../errors/marid-error.js';
import { LIMITS } from './limits.js';

/** Collects what is wrong with a request, up to `LIMITS.violations`. */
export class Violations {
  readonly #found: FieldViolation[] = [];

  /** What was found, in order. */
  get found(): readonly FieldViolation[] {
    return this.#found;
  }

  /** Notes one violation; `null`, the answer of a check that passed, is passed over. */
  add(field: string, description: string | null): void {
    if (description !== null && this.#found.length < LIMITS.violations) this.#found.push({ field, description });
  }

  /**
   * Checks every item of a list with `problem` under its own path, for example `job.tags[1]`. A list that is too long is told once,
   * and only its first `most` items are looked at.
   */
  addEach(field: string, items: readonly string[], most: number, problem: (item: string) => string | null): void {
    this.addCount(field, items.length, most);
    for (const [index, item] of items.slice(0, most).entries()) this.add(`${field}[${index}]`, problem(item));
  }

  /** Notes a list that is too long. */
  addCount(field: string, count: number, most: number): void {
    if (count > most) this.add(field, `has ${count} items; at most ${most} are allowed`);
  }
}
