/** Forces a file that somebody else writes to disk, without waiting on the event loop: the group commit of the embedded database. */
import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/** Told when what was written before the call is on disk: `null`, or why that is not known. */
export type SyncListener = (error: Error | null) => void;

/**
 * One force at a time. States: idle; forcing (those who ask meanwhile wait for the next one, since theirs may have come too late for this one); broken (a
 * force failed: what the kernel kept of the file is unknown, so every later one fails too); closed.
 */
export class FileSync {
  private waiting: SyncListener[] = [];
  private forcing = false;
  private broken: Error | null = null;
  private closed = false;
  private forces = 0;

  private constructor(private readonly descriptor: number) {}

  /** Opens the file, which exists. */
  static open(path: string): FileSync {
    return new FileSync(openSync(path, 'r+'));
  }

  /** How often it was forced. */
  get count(): number {
    return this.forces;
  }

  /** Calls `listener` once everything that the file holds now is on disk. */
  sync(listener: SyncListener): void {
    if (this.closed) {
      listener(new Error('the file is closed'));
      return;
    }
    this.waiting.push(listener);
    this.force();
  }

  /** Forces what is left, tells everybody, and closes the file. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const served = this.takeWaiting();
    if (served.length > 0) this.tell(served, this.broken ?? this.forceNow());
    if (!this.forcing) closeSync(this.descriptor);
  }

  private force(): void {
    if (this.forcing || this.waiting.length === 0) return;
    this.forcing = true;
    const served = this.takeWaiting();
    fdatasync(this.descriptor, (error) => {
      this.forcing = false;
      this.forces += 1;
      this.broken ??= error;
      this.tell(served, this.broken);
      if (this.closed) closeSync(this.descriptor);
      else this.force();
    });
  }

  private forceNow(): Error | null {
    try {
      fdatasyncSync(this.descriptor);
      this.forces += 1;
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  private takeWaiting(): readonly SyncListener[] {
    const served = this.waiting;
    this.waiting = [];
    return served;
  }

  private tell(listeners: readonly SyncListener[], error: Error | null): void {
    for (const listener of listeners) listener(error);
  }
}
