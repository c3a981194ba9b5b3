/** Counts what an archive becomes, and refuses what is too much. */
import { ArchiveError } from './archive-error.js';

/** What is not looked at for the ratio: small archives may be of nothing but zeros. */
const FREE_BYTES = 16 * 1024 * 1024;

/** What one archive may become. */
export interface UnpackLimits {
  /** Files and folders. */
  readonly mostEntries: number;
  readonly mostBytes: number;
  /** Unpacked bytes for each byte of the archive. */
  readonly mostRatio: number;
}

/** Of one archive. */
export class UnpackMeter {
  #entries = 0;
  #bytes = 0;

  constructor(
    private readonly limits: UnpackLimits,
    /** Of the archive. */
    private readonly archiveBytes: number,
  ) {}

  /** Unpacked so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** One more file or folder. Throws `ArchiveError`, as does `addBytes`. */
  addEntry(): void {
    this.#entries += 1;
    const { mostEntries } = this.limits;
    if (this.#entries > mostEntries) throw new ArchiveError(`it holds more than ${mostEntries} files and folders`);
  }

  /** More bytes of content. */
  addBytes(count: number): void {
    this.#bytes += count;
    const { mostBytes, mostRatio } = this.limits;
    if (this.#bytes > mostBytes) throw new ArchiveError(`it becomes larger than ${mostBytes} bytes`);
    if (this.#bytes > Math.max(FREE_BYTES, this.archiveBytes * mostRatio)) {
      throw new ArchiveError(`it becomes more than ${mostRatio} times as large as it is`);
    }
  }
}
