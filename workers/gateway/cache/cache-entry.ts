/** What is known of a file in the cache. */
import { createHash } from 'node:crypto';
import { z } from 'zod';

const schema = z.strictObject({
  /** Name of its files in the cache. */
  key: z.string().regex(/^[0-9a-f]{40}$/),
  uri: z.string().min(1),
  /** The source's; null when it told none: then it is fetched again when it is not fresh any more. */
  version: z.string().nullable(),
  sizeBytes: z.int().min(0),
  /** Of the content, hexadecimal. */
  sha256: z.string().length(64),
  executable: z.boolean(),
  /** Milliseconds since the epoch. */
  fetchedAt: z.number(),
  /** Time of change of the object's file: another one means that somebody has written to it. */
  modifiedMs: z.number(),
});

/** A file in the cache, as its JSON file says. */
export type CacheEntry = Readonly<z.output<typeof schema>>;

/** Reads an entry; null when the text is none. */
export function decodeEntry(text: string): CacheEntry | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** The key of one version of what a URI names. */
export function keyOf({ uri, version, sha256 }: Pick<CacheEntry, 'uri' | 'version' | 'sha256'>): string {
  const parts = JSON.stringify([uri, version ?? sha256]);
  return createHash('sha256').update(parts).digest('hex').slice(0, 40);
}
