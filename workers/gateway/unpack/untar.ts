/** Unpacks tar archives, compressed by gzip or not. */
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Extract } from 'tar-stream';
import { errnoOf } from '../../../core/errors/system-error.js';
import { ArchiveError, isArchiveError } from './archive-error.js';
import { refused, type TreeWriter } from './tree-writer.js';

/** What headers may take: the reader keeps long names and attributes in memory. */
const HEADER_BYTES = 8 * 1024;
const MOST_HEADER_BYTES = 1024 * 1024;

/** Options of `untar` and `unzip`. */
export interface UnpackOptions {
  /** Of the archive. */
  readonly path: string;
  readonly writer: TreeWriter;
  readonly signal: AbortSignal;
}

/** Rejects with `ArchiveError`, or with an error of the file system. */
export async function untar({ path, writer, signal, gzip }: UnpackOptions & { readonly gzip: boolean }): Promise<void> {
  const headers = new HeaderMeter();
  const entries = extract();
  const source = createReadStream(path);
  const plain = gzip ? [source, createGunzip()] : [source];
  const reading = pipeline([...plain, headers.stream, entries], { signal });
  const writing = (async () => {
    for await (const entry of entries) await add(entry, writer, headers);
  })();
  const [written, read] = await Promise.allSettled([writing, reading]);
  const failures = [written, read].flatMap((each) =>
    each.status === 'rejected' ? [{ error: each.reason as unknown }] : [],
  );
  // One is the cause; the other may only say that a stream has ended.
  const cause = failures.find(({ error }) => isArchiveError(error) || errnoOf(error)?.startsWith('E') === true);
  const first = cause ?? failures.at(-1);
  if (first !== undefined) throw first.error;
}

type Entry = Extract extends AsyncIterable<infer T> ? T : never;

async function add(entry: Entry, writer: TreeWriter, headers: HeaderMeter): Promise<void> {
  const { name, type, mode, size } = entry.header;
  headers.entry(type === 'directory' ? 0 : (size ?? 0));
  switch (type) {
    case 'directory':
      entry.resume();
      return writer.addFolder(name);
    case 'file':
    case 'contiguous-file':
      return writer.addFile({ name, executable: ((mode ?? 0) & 0o111) !== 0, body: entry });
    default:
      throw refused(name, `is a ${type ?? 'thing'}, not a file or folder`);
  }
}

/** Refuses an archive of which much is neither the content of a file nor a header of usual size. */
class HeaderMeter {
  readonly stream: Transform;
  #read = 0;
  #allowed = MOST_HEADER_BYTES;

  constructor() {
    this.stream = new Transform({
      transform: (bytes: Uint8Array, _encoding, done) => {
        this.#read += bytes.byteLength;
        if (this.#read <= this.#allowed) done(null, bytes);
        else done(new ArchiveError('its headers are too large'));
      },
    });
  }

  /** An entry has begun whose content is so large. */
  entry(size: number): void {
    this.#allowed += size + HEADER_BYTES;
  }
}
