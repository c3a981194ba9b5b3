/** The output of an attempt as lines with their times, both streams in the order in which they were written, by the record of a worker (`core/job/output-times.ts`). */
import { OUTPUT_TIMES_FILE, parseOutputTime, type OutputStream, type OutputTime } from '../core/job/output-times.js';
import { LineSplitter } from './line-splitter.js';

/** A line of output. */
export interface TimedLine {
  /** When its end was written, milliseconds since the epoch: known to a few milliseconds, less well where a job writes without a pause. */
  readonly at: number;
  readonly stream: OutputStream;
  /** Without its line end. Very long lines come in pieces of at least 64 KiB. */
  readonly text: Uint8Array;
}

/** Opens a file of the attempt at an offset: as it is now, or followed to the attempt's end. */
export type OpenFile = (path: string, offset: number) => AsyncIterable<Uint8Array>;

/** States: before, behind or between two passes over the record; each goes on where the one before ended. */
export class TimedLines {
  private readonly record = new LineSplitter();
  private readonly streams: Readonly<Record<OutputStream, StreamLines>> = {
    stdout: new StreamLines('stdout'),
    stderr: new StreamLines('stderr'),
  };
  private recordOffset = 0;

  /** `only`: one of the streams; `null`: both. */
  constructor(private readonly only: OutputStream | null) {}

  /** The lines up to the end of the record, some at a time; `last`: nothing comes after it, so that lines without an end are given too. */
  async *read(open: OpenFile, last: boolean): AsyncGenerator<readonly TimedLine[], void, undefined> {
    try {
      for await (const bytes of open(OUTPUT_TIMES_FILE, this.recordOffset)) {
        this.recordOffset += bytes.length;
        for (const line of this.record.take(bytes)) {
          const entry = parseOutputTime(Buffer.from(line).toString('latin1'));
          if (entry === null || (this.only !== null && entry.stream !== this.only)) continue;
          yield* this.streams[entry.stream].readTo(entry, open);
        }
      }
      if (last)
        yield Object.values(this.streams)
          .flatMap((stream) => stream.rest())
          .sort((one, other) => one.at - other.at);
    } finally {
      for (const stream of Object.values(this.streams)) await stream.close();
    }
  }
}

/** One stream, read as far as the record says. */
class StreamLines {
  private readonly splitter = new LineSplitter();
  private pieces: AsyncIterator<Uint8Array> | null = null;
  /** Read and not used: it is behind what the record speaks of. */
  private ahead: Uint8Array = new Uint8Array();
  private used = 0;
  private at = 0;

  constructor(private readonly name: OutputStream) {}

  async *readTo({ at, end }: OutputTime, open: OpenFile): AsyncGenerator<readonly TimedLine[]> {
    this.at = at;
    while (this.used < end) {
      if (this.ahead.length === 0) {
        this.pieces ??= open(this.name, this.used)[Symbol.asyncIterator]();
        const step = await this.pieces.next();
        if (step.done === true) return; // shorter than recorded: the job has cut it
        this.ahead = step.value;
      }
      const bytes = this.ahead.subarray(0, end - this.used);
      this.ahead = this.ahead.subarray(bytes.length);
      this.used += bytes.length;
      yield this.splitter.take(bytes).map((text) => this.line(text));
    }
  }

  rest(): readonly TimedLine[] {
    const text = this.splitter.rest();
    return text === null ? [] : [this.line(text)];
  }

  /** Ends the pass. */
  async close(): Promise<void> {
    this.ahead = new Uint8Array();
    await this.pieces?.return?.();
    this.pieces = null;
  }

  private line(text: Uint8Array): TimedLine {
    return { at: this.at, stream: this.name, text };
  }
}
