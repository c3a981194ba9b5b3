/** What every `BlobStore` does. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BlobStore } from '../../../core/ports/blob-store.js';
import { uniqueName } from '../../support/job-fixtures.js';

/** A store under test. */
export interface BlobStoreHarness {
  readonly store: BlobStore;
  close(): Promise<void>;
}

/** What some products cannot do. */
export interface BlobStoreLimits {
  /** Whether a key can be the start of another (`x` and `x/y`). Default: true; a product that cannot is named beside its `false`. */
  readonly nestedKeys?: boolean;
}

/** Runs the suite. `open` gives a store that it may keep for all tests. */
export function blobStoreSuite(
  product: string,
  open: () => Promise<BlobStoreHarness>,
  { nestedKeys = true }: BlobStoreLimits = {},
): void {
  describe(`BlobStore: ${product}`, () => {
    let harness: BlobStoreHarness;
    let store: BlobStore;
    beforeAll(async () => {
      harness = await open();
      store = harness.store;
    });
    afterAll(() => harness.close());

    const putText = (key: string, text: string): ReturnType<BlobStore['put']> => store.put({ key, body: pieces(text) });
    const readText = async (key: string, offset?: number, length?: number | null): Promise<string | null> => {
      const range = { ...(offset !== undefined && { offset }), ...(length !== undefined && { length }) };
      const found = await store.get({ key, ...range });
      return found === null ? null : Buffer.from(await bytesOf(found.body)).toString();
    };
    const keysOf = async (prefix: string, after: string | null = null, limit = 100): Promise<readonly string[]> =>
      (await store.list({ prefix, after, limit })).map((info) => info.key);

    test('a blob comes back as it was put in, with what is known of it', async () => {
      const key = uniqueName('blob');
      const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
      const info = await store.put({ key, body: pieces(body.subarray(0, 1), body.subarray(1)) });
      expect(info).toMatchObject({ key, sizeBytes: 300_000 });
      expect(info?.modifiedAt).toBeGreaterThan(0);
      expect(await store.head({ key })).toEqual(info);
      const found = await store.get({ key });
      expect(found?.info).toEqual(info);
      expect(body.equals(await bytesOf(found?.body ?? pieces()))).toBe(true);
    });

    test('a key that nobody put gives null, and deleting it is fine', async () => {
      const key = uniqueName('blob');
      expect(await store.get({ key })).toBeNull();
      expect(await store.head({ key })).toBeNull();
      await store.delete({ key });
      await putText(key, 'x');
      await store.delete({ key });
      await store.delete({ key });
      expect(await store.head({ key })).toBeNull();
    });

    test('a second put replaces the content and the version', async () => {
      const key = uniqueName('blob');
      const first = await putText(key, 'first');
      const second = await putText(key, 'other');
      expect(second?.version).not.toBe(first?.version);
      expect(await readText(key)).toBe('other');
    });

    test('ranges are cut to what there is', async () => {
      const key = uniqueName('blob');
      await putText(key, '0123456789');
      expect(await readText(key, 3, 4)).toBe('3456');
      expect(await readText(key, 3, null)).toBe('3456789');
      expect(await readText(key, 8, 100)).toBe('89');
      expect(await readText(key, 10, 1)).toBe('');
      expect(await readText(key, 99)).toBe('');
      expect(await readText(key, 2, 0)).toBe('');
    });

    test('an empty blob is a blob', async () => {
      const key = uniqueName('blob');
      expect(await store.put({ key, body: pieces() })).toMatchObject({ sizeBytes: 0 });
      expect(await readText(key)).toBe('');
    });

    test('ifAbsent writes nothing when the key exists', async () => {
      const key = uniqueName('blob');
      expect(await store.put({ key, body: pieces('first'), ifAbsent: true })).toMatchObject({ key, sizeBytes: 5 });
      expect(await store.put({ key, body: pieces('second'), ifAbsent: true })).toBeNull();
      expect(await readText(key)).toBe('first');
    });

    test('of many concurrent puts with ifAbsent exactly one wins', async () => {
      const key = uniqueName('blob');
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.put({ key, body: pieces(String(index)), ifAbsent: true })),
      );
      const winners = results.flatMap((result, index) => (result === null ? [] : [String(index)]));
      expect(winners).toHaveLength(1);
      expect(await readText(key)).toBe(winners[0]);
    });

    test('a body that throws rejects with its error and leaves what was there', async () => {
      const [taken, free] = [uniqueName('blob'), uniqueName('blob')];
      await putText(taken, 'first');
      for (const key of [taken, free]) {
        await expect(store.put({ key, body: failing('half') })).rejects.toThrow('the body broke');
      }
      expect(await readText(taken)).toBe('first');
      expect(await store.head({ key: free })).toBeNull();
    });

    test('concurrent reads and replaces see whole contents only', async () => {
      const key = uniqueName('blob');
      const contents = ['a', 'b', 'c'].map((letter) => letter.repeat(200_000));
      await putText(key, contents[0] ?? '');
      const writes = Promise.all(contents.flatMap((text) => [putText(key, text), putText(key, text)]));
      for (let round = 0; round < 10; round += 1) expect(contents).toContain(await readText(key));
      await writes;
    });

    (nestedKeys ? test : test.skip)('a key can be the start of another', async () => {
      const base = uniqueName('blob');
      const keys = [base, `${base}/x`, `${base}/x-y`, `${base}/x/y`, `${base}/x/y/z`, `${base}/x0`];
      for (const key of keys.toReversed()) await putText(key, key);
      for (const key of keys) expect(await readText(key)).toBe(key);
      expect(await keysOf(base)).toEqual(sorted(keys));
      await store.delete({ key: `${base}/x` });
      expect(await readText(`${base}/x/y`)).toBe(`${base}/x/y`);
    });

    test('odd characters stay apart', async () => {
      const base = uniqueName('blob');
      const keys = [
        `${base}/x`,
        `${base}/%2F`,
        `${base}/zwölf 🦊`,
        `${base}/a~`,
        `${base}/a\\b:*?"`,
        `${base}/X`,
        `${base}/+ &=#`,
        `${base}/.hidden`,
      ];
      for (const key of keys) await putText(key, key);
      for (const key of keys) expect(await readText(key)).toBe(key);
      expect(await keysOf(base)).toEqual(sorted(keys));
      for (const key of keys) await store.delete({ key });
      expect(await keysOf(base)).toEqual([]);
    });

    test('list goes by UTF-8 order, by prefix, and on after a key', async () => {
      const base = uniqueName('blob');
      const keys = ['a-b', 'a.b', 'a/b', 'a/c/d', 'a0', 'b', '\u{ff5e}', '\u{10000}'].map((each) => `${base}/${each}`);
      for (const key of keys.toReversed()) await putText(key, 'x');
      const ordered = sorted(keys);
      expect(await keysOf(`${base}/`)).toEqual(ordered);
      expect(await keysOf(`${base}/a/`)).toEqual([`${base}/a/b`, `${base}/a/c/d`]);
      expect(await keysOf(`${base}/a`)).toEqual(ordered.filter((key) => key.startsWith(`${base}/a`)));
      const paged: string[] = [];
      for (
        let page = await keysOf(base, null, 2);
        page.length > 0;
        page = await keysOf(base, paged.at(-1) ?? null, 2)
      ) {
        paged.push(...page);
      }
      expect(paged).toEqual(ordered);
      expect(await keysOf(uniqueName('blob'))).toEqual([]);
    });

    test.each(['', '/', 'a//b', 'a/', '/a', '..', 'a/../b', './a'])('the key %j is refused', async (key) => {
      const refused = { name: 'MaridError', code: 'INVALID_ARGUMENT' };
      await expect(putText(key, 'x')).rejects.toMatchObject(refused);
      await expect(store.get({ key })).rejects.toMatchObject(refused);
    });
  });
}

async function* pieces(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}

async function* failing(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
  throw new Error('the body broke');
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

function sorted(keys: readonly string[]): readonly string[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
