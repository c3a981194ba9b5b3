import { describe, expect, test } from '@jest/globals';
import { uriProblem } from '../../../../core/validation/uris.js';

describe('uriProblem', () => {
  test.each([
    'file:///x',
    'file:/x',
    'file://localhost/x',
    's3://bucket/a b/c',
    'https://user@example.org:8443/a?b=c#d',
    'attachment:3f2a',
    `file:///${'x'.repeat(1024 - 8)}`,
  ])('accepts %j', (uri) => {
    expect(uriProblem(uri)).toBeNull();
  });

  test.each([
    ['', /is empty/],
    ['/etc/passwd', /must be an absolute URI/],
    ['x.tgz', /must be an absolute URI/],
    ['//host/x', /must be an absolute URI/],
    ['s3:', /must be an absolute URI/],
    ['1s://x', /must be an absolute URI/],
    ['https://', /must be an absolute URI/],
    ['http://[::1', /must be an absolute URI/],
    ['file:x', /a file URI must have an absolute path/],
    ['file://data/x', /a file URI must have an absolute path/],
    ['FILE:../x', /a file URI must have an absolute path/],
    [' s3://b/x', /remove the spaces/],
    ['s3://b/x\n', /control characters/],
    ['s3://b/\u0000', /control characters/],
    [`file:///${'x'.repeat(1024)}`, /longer than 1024 characters/],
  ])('refuses %j', (uri, problem) => {
    expect(uriProblem(uri)).toMatch(problem);
  });
});
