/** The witness of every workload: a file to which each job appends its id and the time of its first instruction, whatever the system believes. */
import { readFile, stat } from 'node:fs/promises';

/** Bytes of one line: an id of 12, a blank, 19 digits of nanoseconds since 1970, an end of line. */
const LINE_BYTES = 33;
const ASK_EVERY_MS = 2;

/** What the ledger says of a round. */
export interface Verdict {
  /** Ids that were submitted and never ran. */
  readonly lost: number;
  /** Ids that ran more than once. */
  readonly doubled: number;
}

/** A ledger. Stateless: the file is all that there is. */
export class Ledger {
  constructor(readonly path: string) {}

  /** Waits until so many jobs have run; rejects when none came for a while. */
  async reached(count: number, patienceMs = 60_000): Promise<void> {
    let seen = -1;
    let since = performance.now();
    for (;;) {
      const now = await this.count();
      if (now >= count) return;
      if (now > seen) {
        seen = now;
        since = performance.now();
      } else if (performance.now() - since > patienceMs)
        throw new Error(`${String(now)} of ${String(count)} jobs ran; none for ${String(patienceMs / 1000)} s`);
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }

  /** First instruction of each job, in milliseconds since 1970, by id. */
  async times(): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.lines()).map(({ id, timeMs }) => [id, timeMs]));
  }

  /** Compares with what was submitted. */
  async judge(submitted: readonly string[]): Promise<Verdict> {
    const runs = new Map<string, number>();
    for (const { id } of await this.lines()) runs.set(id, (runs.get(id) ?? 0) + 1);
    return {
      lost: submitted.filter((id) => !runs.has(id)).length,
      doubled: [...runs.values()].filter((times) => times > 1).length,
    };
  }

  private async count(): Promise<number> {
    const size = await stat(this.path).then(
      (found) => found.size,
      () => 0,
    );
    return Math.floor(size / LINE_BYTES);
  }

  private async lines(): Promise<readonly { readonly id: string; readonly timeMs: number }[]> {
    const text = await readFile(this.path, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({
        id: line.slice(0, 12).trim(),
        timeMs: Number(line.slice(13, 26)) + Number(line.slice(26)) / 1e6,
      }));
  }
}
