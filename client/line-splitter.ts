/** Bytes as they come, cut into lines. */

/** A line that is longer is given in pieces: what is not whole is kept in memory. */
export const LONGEST_LINE_BYTES = 64 * 1024;
const LINE_END = 10;

export class LineSplitter {
  private kept: Uint8Array[] = [];
  private keptBytes = 0;
  /** Whether a piece of the line that is kept was given already. */
  private cut = false;

  /** The lines that these bytes complete, without their ends. */
  take(bytes: Uint8Array): readonly Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
      this.keep(bytes.subarray(start, end));
      if (this.keptBytes > 0 || !this.cut) lines.push(this.flush());
      this.cut = false;
      start = end + 1;
    }
    this.keep(bytes.subarray(start));
    if (this.keptBytes >= LONGEST_LINE_BYTES) {
      this.cut = true;
      lines.push(this.flush());
    }
    return lines;
  }

  /** What has no line end; `null` when there is nothing. */
  rest(): Uint8Array | null {
    return this.keptBytes === 0 ? null : this.flush();
  }

  private keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.kept.push(bytes);
    this.keptBytes += bytes.length;
  }

  private flush(): Uint8Array {
    const [only, ...more] = this.kept;
    const line = only !== undefined && more.length === 0 ? only : Buffer.concat(this.kept);
    this.kept = [];
    this.keptBytes = 0;
    return line;
  }
}
