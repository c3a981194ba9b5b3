/** Writes down when workers were last heard of. */
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import type { LeaderTask } from '../leader/leader-task.js';
import type { LiveWorker, WorkerDirectory } from './worker-directory.js';

/** Younger news are not worth a write. */
const BEHIND_MS = 20_000;

/** Leader task `worker-records`: beats are kept in memory; this keeps the records from falling far behind. */
export class WorkerRecordsTask implements LeaderTask {
  readonly name = 'worker-records';
  readonly schedule = { everyMs: 30_000 };

  constructor(private readonly options: { readonly store: FleetStore; readonly directory: WorkerDirectory }) {}

  async run(): Promise<string> {
    const behind = this.options.directory.list().filter(({ record, seenAt }) => seenAt - record.seenAt > BEHIND_MS);
    const written = await Promise.all(behind.map((worker) => this.write(worker)));
    return `${String(written.filter(Boolean).length)} records brought up to date`;
  }

  private async write({ record, seenAt }: LiveWorker): Promise<boolean> {
    const worker = { ...record, revision: record.revision + 1, seenAt };
    const written = await this.options.store.putWorker({ worker });
    if (written) this.options.directory.noteRecord(worker);
    return written; // somebody else wrote: the next run sees it
  }
}
