import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { attachmentNameProblem, checkAttachments } from '../../../../core/validation/attachments.js';
import { Violations } from '../../../../core/validation/violations.js';
import { planFiles } from '../../../../workers/gateway/staging/file-plan.js';
import { specificationWith } from '../../workers/gateway/specification.js';

const SHA256 = 'a'.repeat(64);

describe('attachmentNameProblem', () => {
  test.each([
    ...['', '.', '..', '../x', '/etc/passwd', 'a/b', 'a\\b', 'C:\\x', 'a\0b', 'a\nb', '\u007f', '\u001b[2J'],
    ...['run', 'stdout', 'stderr', 'genie', 'genie_setup.sh', 'x'.repeat(256), 'é'.repeat(128)],
  ])('refuses %j', (name) => {
    expect(attachmentNameProblem(name)).not.toBeNull();
  });

  test.each([
    'a.sql',
    '...',
    '~',
    '-rf',
    '$(id)',
    '`id`',
    "a'b",
    'con',
    'ａ',
    'e\u0301',
    '\u202e',
    ' ',
    'x'.repeat(255),
  ])('takes %j as a name like any other', (name) => {
    expect(attachmentNameProblem(name)).toBeNull();
  });

  test('whatever it takes is one file of the job directory, to the worker too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
        fc.pre(attachmentNameProblem(name) === null);
        const attachments = [{ name, sha256: SHA256, sizeBytes: 1 }];
        const { files } = planFiles(specificationWith({ request: { attachments } }));
        expect(files).toEqual([{ uri: `marid-attachment:${SHA256}`, target: name, writable: false }]);
      }),
    );
  });

  test('the worker refuses a path by itself', () => {
    const attachments = [{ name: '../x', sha256: SHA256, sizeBytes: 1 }];
    expect(() => planFiles(specificationWith({ request: { attachments } }))).toThrow('cannot be the name');
  });
});

describe('checkAttachments', () => {
  const fieldsOf = (attachments: Parameters<typeof checkAttachments>[2]): readonly string[] => {
    const violations = new Violations();
    checkAttachments(violations, 'job.attachments', attachments);
    return violations.found.map(({ field }) => field);
  };

  test('names every field that is wrong', () => {
    const good = { name: 'a', sha256: SHA256, sizeBytes: 0 };
    expect(fieldsOf([good, { ...good, name: 'b' }])).toEqual([]);
    expect(fieldsOf([good, good])).toEqual(['job.attachments[1].name']);
    expect(fieldsOf([{ name: 'a/b', sha256: 'A'.repeat(64), sizeBytes: -1 }])).toEqual([
      'job.attachments[0].name',
      'job.attachments[0].sha256',
      'job.attachments[0].size_bytes',
    ]);
    const many = Array.from({ length: 101 }, (_, index) => ({ ...good, name: String(index) }));
    expect(fieldsOf(many)).toEqual(['job.attachments']);
  });
});
