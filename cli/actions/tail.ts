/** Finds the last lines of a file without keeping them. */
import type { MaridClient } from '../../client/marid-client.js';

/** Bytes of each look, from the end towards the beginning. */
const WINDOW_BYTES = 1024 * 1024;
const LINE_END = 10;

/** A file, and how many of its last lines are wanted. */
export interface WantedTail {
  readonly jobId: string;
  readonly path: string;
  readonly attempt: number;
  readonly lines: number;
}

/** Where the last lines begin, and the end of the file as it was. A line end at the very end opens no line. */
export async function findTail(
  client: MaridClient,
  { jobId, path, attempt, lines }: WantedTail,
): Promise<{ readonly start: number; readonly end: number }> {
  const read = async (offset: number, limit?: number) => {
    const pieces = [];
    for await (const piece of client.readPieces(jobId, path, { attempt, offset, limit })) pieces.push(piece);
    return { start: Number(pieces[0]?.offset ?? 0), bytes: Buffer.concat(pieces.map(({ data }) => data)) };
  };
  let { start, bytes } = await read(-WINDOW_BYTES);
  const end = start + bytes.length;
  if (lines === 0) return { start: end, end };
  let left = lines + (bytes.at(-1) === LINE_END ? 1 : 0);
  for (;;) {
    for (let at = bytes.lastIndexOf(LINE_END); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(LINE_END, at - 1)) {
      left -= 1;
      if (left === 0) return { start: start + at + 1, end };
    }
    if (start === 0) return { start: 0, end };
    const before = Math.max(0, start - WINDOW_BYTES);
    ({ start, bytes } = await read(before, start - before));
  }
}
