/** `FleetStore` in MongoDB. */
import type { Filter } from 'mongodb';
import {
  WORKER_RECORD_DEFAULTS,
  type TaskControl,
  type TaskRun,
  type WorkerRecord,
} from '../../../core/fleet/worker-record.js';
import type { FleetStore } from '../../../core/ports/fleet-store.js';
import { raiseCounter } from './counters.js';
import {
  GuardedWriter,
  pushMark,
  type GuardedDocument,
  type GuardedInsert,
  type GuardedUpdate,
} from './guarded-writer.js';
import type { MongoDatabase, StoredDocument } from './mongo-database.js';
import { DUPLICATE_KEY, serverCodeOf } from './mongo-errors.js';
import { OPERATION_MS } from './mongo-limits.js';
import { COLLECTIONS } from './mongo-schema.js';

type WorkerDocument = GuardedDocument & Omit<WorkerRecord, 'id'>;
type TaskControlDocument = GuardedDocument & Omit<TaskControl, 'name'>;
type TaskRunDocument = StoredDocument & Omit<TaskRun, 'name'>;

/** About the size of a guarded document, bytes. */
const DOCUMENT_BYTES = 1000;

interface Writers {
  readonly inserts: GuardedWriter<GuardedInsert>;
  readonly updates: GuardedWriter<GuardedUpdate>;
}

/** Workers, terms, task runs and task controls in MongoDB. Shares the database, which its owner opens and closes. */
export class MongoFleetStore implements FleetStore {
  private readonly workerWriters: Writers;
  private readonly controlWriters: Writers;

  constructor(private readonly database: MongoDatabase) {
    this.workerWriters = writersOf(database, COLLECTIONS.workers);
    this.controlWriters = writersOf(database, COLLECTIONS.taskControls);
  }

  async getWorker({ id }: { readonly id: string }): Promise<WorkerRecord | null> {
    const [worker] = await this.findWorkers({ _id: id });
    return worker ?? null;
  }

  listWorkers(): Promise<readonly WorkerRecord[]> {
    return this.findWorkers({});
  }

  putWorker({ worker }: { readonly worker: WorkerRecord }): Promise<boolean> {
    const { id, ...fields } = worker;
    return this.put(this.workerWriters, id, fields);
  }

  async purgeWorkers(options: { readonly ids: readonly string[]; readonly seenBefore: number }): Promise<number> {
    const { ids, seenBefore } = options;
    if (ids.length === 0) return 0;
    const filter = { _id: { $in: ids }, seenAt: { $lt: seenBefore } } as Filter<WorkerDocument>;
    return this.database.within(async () => {
      const { deletedCount } = await this.workers.deleteMany(filter, { maxTimeMS: OPERATION_MS });
      return deletedCount;
    });
  }

  nextTerm({ name }: { readonly name: string }): Promise<number> {
    return this.database.within(() => raiseCounter(this.database, COLLECTIONS.counters, `term:${name}`));
  }

  async putTaskRun({ run }: { readonly run: TaskRun }): Promise<void> {
    const { name, ...fields } = run;
    const put = (): Promise<unknown> =>
      this.taskRuns.updateOne({ _id: name }, { $set: fields }, { upsert: true, maxTimeMS: OPERATION_MS });
    await this.database.within(async () => {
      try {
        await put();
      } catch (error) {
        if (serverCodeOf(error) !== DUPLICATE_KEY) throw error;
        await put(); // another process added it at the same moment
      }
    });
  }

  async listTaskRuns(): Promise<readonly TaskRun[]> {
    const found = await this.database.within(() =>
      this.taskRuns
        .find({}, { sort: { _id: 1 } })
        .maxTimeMS(OPERATION_MS)
        .toArray(),
    );
    return found.map(({ _id: name, ...fields }) => ({ name, ...fields }));
  }

  putTaskControl({ control }: { readonly control: TaskControl }): Promise<boolean> {
    const { name, ...fields } = control;
    return this.put(this.controlWriters, name, fields);
  }

  async listTaskControls(): Promise<readonly TaskControl[]> {
    const collection = this.database.collection<TaskControlDocument>(COLLECTIONS.taskControls);
    const found = await this.database.within(() => collection.find({}).maxTimeMS(OPERATION_MS).toArray());
    return found.map(({ _id: name, revision, paused, requests }) => ({ name, revision, paused, requests }));
  }

  /** Adds at revision 1, else replaces the revision before. */
  private put(writers: Writers, id: string, fields: { readonly revision: number }): Promise<boolean> {
    const { revision } = fields;
    const mark = this.database.newMark(revision);
    if (revision === 1) {
      return writers.inserts.write({ kind: 'insert', document: { _id: id, ...fields, marks: [mark] } });
    }
    const change = { $set: fields, $push: pushMark(mark) };
    const filter = { _id: id, revision: revision - 1 };
    return writers.updates.write({ kind: 'update', id, revision, mark, filter, change });
  }

  private get workers() {
    return this.database.collection<WorkerDocument>(COLLECTIONS.workers);
  }

  private get taskRuns() {
    return this.database.collection<TaskRunDocument>(COLLECTIONS.taskRuns);
  }

  private async findWorkers(filter: { readonly _id?: string }): Promise<readonly WorkerRecord[]> {
    const found = await this.database.within(() =>
      this.workers
        .find(filter as Filter<WorkerDocument>, { sort: { _id: 1 } })
        .maxTimeMS(OPERATION_MS)
        .toArray(),
    );
    return found.map(decodeWorker);
  }
}

function writersOf(database: MongoDatabase, collection: string): Writers {
  const sizeOf = (): number => DOCUMENT_BYTES;
  return {
    inserts: new GuardedWriter(database, collection, sizeOf),
    updates: new GuardedWriter(database, collection, sizeOf),
  };
}

function decodeWorker(document: WorkerDocument): WorkerRecord {
  const { _id: id, revision, session, pool, host, address, memoryBudgetMb, version } = document;
  const { registeredAt, seenAt, draining, stopped } = document;
  const { leaseTtlMs, expired, released, reservation } = { ...WORKER_RECORD_DEFAULTS, ...document };
  const identity = { id, revision, session, pool, host, address, memoryBudgetMb, version };
  return { ...identity, registeredAt, seenAt, draining, stopped, leaseTtlMs, expired, released, reservation };
}
