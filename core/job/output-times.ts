/** The file of an attempt that says when its output was written: a line for each look at a stream that had grown. */

/** Path below the job's directory. */
export const OUTPUT_TIMES_FILE = 'genie/logs/output-times.log';

/** A stream of output, and the name of its file. */
export type OutputStream = 'stdout' | 'stderr';

/** One entry: everything of the stream below `end` and not below its entry before was written by then. */
export interface OutputTime {
  /** Milliseconds since the epoch; never less than in the entry before. */
  readonly at: number;
  readonly stream: OutputStream;
  /** Size of the stream in bytes. */
  readonly end: number;
}

const ENTRY = /^(\d{1,15}) (stdout|stderr) (\d{1,15})$/;

/** The entry as a line, with its line end. */
export function formatOutputTime({ at, stream, end }: OutputTime): string {
  return `${at} ${stream} ${end}\n`;
}

/** The entry of a line without its end; `null` for anything else: the file is the job's to damage. */
export function parseOutputTime(line: string): OutputTime | null {
  const [, at, stream, end] = ENTRY.exec(line) ?? [];
  if (stream !== 'stdout' && stream !== 'stderr') return null;
  return { at: Number(at), stream, end: Number(end) };
}
