/** Attempts that are to be archived, as small files in a folder of their own: what a worker has not done when it ends, the next process does. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AttemptReference } from '../../../core/job/job.js';

/** An attempt that is to be archived. */
export interface DueArchive extends AttemptReference {
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
}

const schema = z.object({ jobId: z.string().min(1), attempt: z.int().min(1), endedAt: z.number() });

export class DueArchives {
  /** The folder is made when it is needed. */
  constructor(private readonly folder: string) {}

  /** Notes one; synchronously, so that its end is told only afterwards. */
  note(due: DueArchive): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.#pathOf(due), JSON.stringify(due));
  }

  async remove(reference: AttemptReference): Promise<void> {
    await rm(this.#pathOf(reference), { force: true });
  }

  /** All that are noted. A note that cannot be read, of a crash or a full disk, is removed: the sweep of the control plane tells of it. */
  async all(): Promise<readonly DueArchive[]> {
    const found: DueArchive[] = [];
    mkdirSync(this.folder, { recursive: true });
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      try {
        found.push(schema.parse(JSON.parse(await readFile(path, 'utf8'))));
      } catch {
        await rm(path, { force: true });
      }
    }
    return found;
  }

  /** A job's id may be as long as a name can be. */
  #pathOf({ jobId, attempt }: AttemptReference): string {
    return join(this.folder, createHash('sha256').update(`${jobId}/${attempt}`).digest('hex'));
  }
}
