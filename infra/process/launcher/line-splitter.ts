/** Cuts a stream of bytes into lines. */
import { StringDecoder } from 'node:string_decoder';
import { MaridError } from '../../../core/errors/marid-error.js';

/** Longest line, in UTF-16 units: an environment and arguments of 2 MiB (Linux's usual limit) fit many times. */
export const MAX_LINE = 16 * 1024 * 1024;

/** Collects chunks and gives the lines that are complete. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest: string[] = [];
  private restLength = 0;

  /** Lines that `chunk` completes, without newline. `RESOURCE_EXHAUSTED` when a line is longer than `MAX_LINE`. */
  push(chunk: Buffer): readonly string[] {
    const parts = this.decoder.write(chunk).split('\n');
    const last = parts.pop() ?? '';
    const [first, ...others] = parts;
    const lines = first === undefined ? [] : [this.rest.join('') + first, ...others];
    if (first !== undefined) this.keep([]);
    if (last !== '') this.keep([...this.rest, last], this.restLength + last.length);
    return lines;
  }

  private keep(rest: string[], length = 0): void {
    if (length > MAX_LINE) throw new MaridError('RESOURCE_EXHAUSTED', 'A message is too long.');
    this.rest = rest;
    this.restLength = length;
  }
}
