import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodePageToken, encodePageToken } from '../../../../core/listing/page-token.js';
import { decodeResumeToken, encodeResumeToken, type ResumeToken } from '../../../../core/listing/resume-token.js';

/** Any JSON as a token, as a client could make it. */
function forge(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const BAD_PAGE = expect.objectContaining({
  code: 'INVALID_ARGUMENT',
  violations: [expect.objectContaining({ field: 'page_token' })],
});
const BAD_RESUME = expect.objectContaining({
  code: 'INVALID_ARGUMENT',
  violations: [expect.objectContaining({ field: 'resume_token' })],
});

describe('page tokens', () => {
  test('give back their position, as text that is safe in a URL', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    const value = fc.oneof(text, fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), text, (position, fingerprint) => {
        const token = encodePageToken({ position, fingerprint });
        expect(token).toMatch(/^[\w-]+$/);
        const normal = position.map((each) => (Object.is(each, -0) ? 0 : each));
        expect(decodePageToken(token, fingerprint)).toEqual(normal);
      }),
    );
  });

  test('are refused for another filter or order', () => {
    const token = encodePageToken({ position: [1, 'a'], fingerprint: 'status=RUNNING' });
    expect(() => decodePageToken(token, 'status=FAILED')).toThrow(BAD_PAGE);
  });

  test.each(['', 'x', '%%%', 'A'.repeat(20_000), forge({}), forge([]), forge('a'), forge(['1', 2])])(
    'are refused when they are none: %#',
    (token) => {
      expect(() => decodePageToken(token, '')).toThrow(BAD_PAGE);
    },
  );

  test('hold texts and finite numbers only', () => {
    const hash: unknown = JSON.parse(
      Buffer.from(encodePageToken({ position: [], fingerprint: 'f' }), 'base64url').toString(),
    );
    const [number] = Array.isArray(hash) ? (hash as unknown[]) : [];
    expect(decodePageToken(forge([number, 1]), 'f')).toEqual([1]);
    for (const value of [null, true, {}, []]) {
      expect(() => decodePageToken(forge([number, value]), 'f')).toThrow(BAD_PAGE);
    }
    const infinite = Buffer.from(`[${String(number)},1e999]`).toString('base64url');
    expect(() => decodePageToken(infinite, 'f')).toThrow(BAD_PAGE);
  });
});

describe('resume tokens', () => {
  test.each<ResumeToken>([
    { kind: 'job', sequence: 7 },
    { kind: 'all', positions: [] },
    {
      kind: 'all',
      positions: [
        { topic: 'marid.job-events', partition: 0, offset: 12 },
        { topic: 'marid.job-events', partition: 7, offset: 2 ** 40 },
      ],
    },
  ])('give back where they were: %j', (token) => {
    expect(decodeResumeToken(encodeResumeToken(token))).toEqual(token);
  });

  test.each([
    '',
    '***',
    forge(7),
    forge(['job']),
    forge(['job', -1]),
    forge(['job', '1']),
    forge(['job', 1, 2]),
    forge(['some', 1]),
    forge(['all', 'marid.job-events']),
    forge(['all', ['marid.job-events', 0.5, 1]]),
    forge(['all', [1, 0, 1]]),
  ])('are refused when they are none: %#', (token) => {
    expect(() => decodeResumeToken(token)).toThrow(BAD_RESUME);
  });
});
