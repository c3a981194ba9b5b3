/** Archives as anybody could send them: nothing is checked here. */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

/** An entry. */
export interface ArchiveEntry {
  readonly name: string;
  readonly content?: Buffer;
  /** Tar: `0` file, `1` hard link, `2` symbolic link, `3` and `4` devices, `5` folder, `6` pipe. Default: file. */
  readonly type?: string;
  /** Where a link leads. */
  readonly link?: string;
  /** Default: 0o644. */
  readonly mode?: number;
  /** Size that its header tells. Default: the real one. */
  readonly saidSize?: number;
}

/** A tar archive, POSIX ustar; long names in headers of GNU. */
export function tar(entries: readonly ArchiveEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(tarEntry), Buffer.alloc(1024)]);
}

/** The same, compressed. */
export function tarGz(entries: readonly ArchiveEntry[]): Buffer {
  return gzipSync(tar(entries));
}

/** A zip archive, compressed. */
export function zip(entries: readonly ArchiveEntry[]): Buffer {
  const [locals, centrals]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const entry of entries) {
    const { name, content = Buffer.alloc(0), mode = 0o100644, saidSize = content.length } = entry;
    const data = deflateRawSync(content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x0800, 2);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(saidSize, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data]);
    const more = Buffer.alloc(14);
    more.writeUInt32LE((mode << 16) >>> 0, 6);
    more.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), fields, more, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

function tarEntry(entry: ArchiveEntry): Buffer[] {
  const { name, content = Buffer.alloc(0), type = '0', link = '', mode = 0o644, saidSize = content.length } = entry;
  const long =
    Buffer.byteLength(name) <= 100 ? [] : tarEntry({ name: '@LongLink', type: 'L', content: Buffer.from(`${name}\0`) });
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write(`${mode.toString(8).padStart(7, '0')}\0${'0000000\0'.repeat(2)}`, 100);
  header.write(`${saidSize.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [...long, header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
}
