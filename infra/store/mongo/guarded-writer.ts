/**
 * Writes whose result can always be told: each leaves a mark of its own in the document, so that after a lost answer the document itself says
 * whether it was done. The driver's own retries are off: they rest on the server's memory of sessions.
 */
import type { Document, Filter } from 'mongodb';
import { isMaridError, MaridError } from '../../../core/errors/marid-error.js';
import { CALL_MS, OPERATION_MS } from './mongo-limits.js';
import type { MongoDatabase, StoredDocument, WriteAnswer, WriteCommand } from './mongo-database.js';
import {
  DUPLICATE_KEY,
  leavesOpen,
  tooLarge,
  translateMongoError,
  wasNotSent,
  wasRefused,
  writeRefused,
} from './mongo-errors.js';
import { WriteBatcher, type WriteOutcome } from './write-batcher.js';

/** Marks that a document keeps of its last writes: by them a write is recognised after that many others came upon it. */
const KEPT_MARKS = 8;
/** How often a write is sent: once more when the document says that it was not done. Its mark makes that safe. */
const ATTEMPTS = 2;
/** The server's limit of 16 MiB, less what a document has besides its text. */
const MAX_DOCUMENT_BYTES = 15 * 1024 * 1024;

/** What every guarded document has. */
export interface GuardedDocument extends StoredDocument {
  readonly revision: number;
  /** Marks of the last writes, oldest first: `<revision>:<unique>`. */
  readonly marks: readonly string[];
}

/** Adds a document if the id is free. */
export interface GuardedInsert {
  readonly kind: 'insert';
  readonly document: GuardedDocument;
}

/** Changes a document if `filter`, which names `_id` and what must hold, still matches. */
export interface GuardedUpdate {
  readonly kind: 'update';
  readonly id: string;
  readonly revision: number;
  readonly mark: string;
  readonly filter: Document;
  readonly change: Document;
}

/** A write of either kind. */
export type GuardedWrite = GuardedInsert | GuardedUpdate;

/** The update operators that note a mark. */
export function pushMark(mark: string): { readonly marks: Document } {
  return { marks: { $each: [mark], $slice: -KEPT_MARKS } };
}

/** `open`: it may have been done. `mixed`: it was answered, but for all writes of the batch in one number. */
type Verdict = WriteOutcome | 'open' | 'mixed';

/** Guarded writes of one collection and kind, batched. Holds nothing that needs an end. */
export class GuardedWriter<W extends GuardedWrite> {
  private readonly batcher: WriteBatcher<W>;

  constructor(
    private readonly database: MongoDatabase,
    private readonly collection: string,
    /** About how many bytes a write sends. */
    private readonly sizeOf: (write: W) => number,
  ) {
    this.batcher = new WriteBatcher({
      send: (writes) => this.settle(writes),
      sizeOf,
      limitMs: CALL_MS,
      lateError: (sent) => (sent ? database.lateError() : this.busyError()),
      clock: database.clock,
    });
  }

  /** Resolves with whether it was done, durable then. Rejects with `DEADLINE_EXCEEDED` when that cannot be told, else nothing was written. */
  async write(write: W): Promise<boolean> {
    if (this.sizeOf(write) > MAX_DOCUMENT_BYTES) throw tooLarge(this.database.place);
    return this.batcher.add(write);
  }

  private async settle(writes: readonly W[]): Promise<readonly WriteOutcome[]> {
    let verdicts: readonly Verdict[] = writes.map(() => 'open');
    for (let attempt = 1; attempt <= ATTEMPTS && verdicts.includes('open'); attempt += 1) {
      const open = writes.filter((_, index) => verdicts[index] === 'open');
      const settled = await this.attempt(open, attempt === 1);
      verdicts = verdicts.map((verdict, index) =>
        verdict === 'open' ? (settled.get(writes[index]) ?? 'open') : verdict,
      );
    }
    return verdicts.map((verdict) => (typeof verdict === 'string' ? this.database.lateError() : verdict));
  }

  /** Sends and, where the answer does not decide, reads back. A refusal counts only when no earlier attempt can have been what caused it. */
  private async attempt(writes: readonly W[], first: boolean): Promise<ReadonlyMap<W | undefined, Verdict>> {
    const answers = await this.send(writes);
    const settled = new Map<W | undefined, Verdict>();
    const asked = new Map<W, boolean>();
    for (const [index, write] of writes.entries()) {
      const answer = answers[index] ?? 'open';
      if (answer === 'open') asked.set(write, false);
      else if (answer === 'mixed' || (answer === false && !first)) asked.set(write, first);
      else settled.set(write, first || answer === true ? answer : this.database.lateError(answer));
    }
    if (asked.size === 0) return settled;
    for (const [write, verdict] of await this.readBack(asked)) settled.set(write, verdict);
    return settled;
  }

  private async send(writes: readonly W[]): Promise<readonly Verdict[]> {
    try {
      return this.judgeAnswer(writes, await this.database.send(this.commandOf(writes)));
    } catch (error) {
      if (!wasRefused(error) && !wasNotSent(error)) return writes.map(() => 'open');
      const translated = this.errorOf(error);
      return writes.map(() => translated);
    }
  }

  /** All writes of a writer are of one kind. */
  private commandOf(writes: readonly GuardedWrite[]): WriteCommand {
    const documents = writes.flatMap((write) => (write.kind === 'insert' ? [write.document] : []));
    if (documents.length > 0) return { insert: this.collection, documents };
    const updates = writes.flatMap((write) => (write.kind === 'update' ? [{ q: write.filter, u: write.change }] : []));
    return { update: this.collection, updates };
  }

  private judgeAnswer(writes: readonly W[], { matched, refused }: WriteAnswer): readonly Verdict[] {
    const answered = writes.length - refused.size;
    const matches = matched === answered ? true : matched === 0 ? false : 'mixed';
    return writes.map((write, index) => {
      const error = refused.get(index);
      if (error === undefined) return write.kind === 'insert' ? true : matches;
      if (error.code === DUPLICATE_KEY) return false;
      return leavesOpen(error.code) ? 'open' : writeRefused(error.code, error.message, this.database.place);
    });
  }

  /** `asked`: the writes, each with whether it has certainly been carried out or refused by now. */
  private async readBack(asked: ReadonlyMap<W, boolean>): Promise<ReadonlyMap<W, Verdict>> {
    const ids = [...new Set([...asked.keys()].map(idOf))];
    try {
      const found = await this.database.within(() =>
        this.database
          .collection<GuardedDocument>(this.collection)
          .find({ _id: { $in: ids } } as Filter<GuardedDocument>, { projection: { revision: 1, marks: 1 } })
          .maxTimeMS(OPERATION_MS)
          .toArray(),
      );
      const byId = new Map(found.map((document) => [document._id, document]));
      return new Map(
        [...asked].map(([write, definite]) => [write, judgeStored(write, byId.get(idOf(write)) ?? null, definite)]),
      );
    } catch (error) {
      const late = this.database.lateError(error);
      return new Map([...asked.keys()].map((write) => [write, late]));
    }
  }

  private busyError(): MaridError {
    return new MaridError(
      'UNAVAILABLE',
      `The MongoDB database ${this.database.place} is too slow for what is asked of it; nothing was written.`,
    );
  }

  private errorOf(error: unknown): MaridError {
    const translated = translateMongoError(error, this.database.place);
    if (isMaridError(translated)) return translated;
    return new MaridError('INTERNAL', 'A write failed before it was sent; this is a defect of Marid.', {
      cause: error,
    });
  }
}

/** What a document says of a write: its mark, another's mark for the same revision, or an earlier revision. */
function judgeStored(
  write: GuardedWrite,
  stored: Pick<GuardedDocument, 'revision' | 'marks'> | null,
  definite: boolean,
): Verdict {
  const { revision, mark } =
    write.kind === 'update' ? write : { revision: write.document.revision, mark: write.document.marks[0] };
  if (stored !== null && mark !== undefined && stored.marks.includes(mark)) return true;
  if (stored?.marks.some((each) => each.startsWith(`${String(revision)}:`)) === true) return false;
  if (definite && (stored === null || stored.revision < revision)) return false;
  return 'open';
}

function idOf(write: GuardedWrite): string {
  return write.kind === 'update' ? write.id : write.document._id;
}
