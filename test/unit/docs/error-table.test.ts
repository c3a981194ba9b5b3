import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { ERROR_CODES } from '../../../core/errors/marid-error.js';

describe('the table of errors in ARCHITECTURE.md', () => {
  test('lists exactly the codes of MaridError, in their order', async () => {
    const [, section = ''] = (await readFile('ARCHITECTURE.md', 'utf8')).split('\n## Errors\n');
    const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
    expect(listed).toEqual([...ERROR_CODES]);
  });
});
