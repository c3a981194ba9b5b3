import { describe, expect, test } from '@jest/globals';
import {
  argumentSecretProblem,
  referenceProblem,
  secretReference,
  shellSecretProblem,
} from '../../../../core/secrets/reference.js';

describe('secretReference', () => {
  test('knows variables and files', () => {
    expect(secretReference('secret:db-password')).toEqual({ kind: 'variable', name: 'db-password' });
    expect(secretReference('secret-file:hive.keytab')).toEqual({ kind: 'file', name: 'hive.keytab' });
  });

  test.each(['', 'secret', 'Secret:x', ' secret:x', 'my secret:x', 'secret_file:x'])(
    '%j is a value like any other',
    (value) => {
      expect(secretReference(value)).toBeNull();
      expect(referenceProblem(value)).toBeNull();
    },
  );

  test.each(['', '.', '..', '../x', 'a/b', '/etc/passwd', 'a b', 'x\n', 'x\0', '-x', 'ä', 'x'.repeat(256)])(
    '%j is no name',
    (name) => {
      for (const value of [`secret:${name}`, `secret-file:${name}`]) {
        expect(secretReference(value)).toBeNull();
        expect(referenceProblem(value)).toContain('secret:NAME');
      }
    },
  );
});

describe('secrets in arguments', () => {
  test.each(['secret:x', 'secret-file:x', '--password=secret:x', 'PGPASSWORD=secret:x'])('%j is refused', (text) => {
    expect(argumentSecretProblem(text)).toContain('set an environment variable to `secret:NAME`');
    expect(shellSecretProblem(`-- "${text}"`)).toContain('environment variable');
  });

  test.each(['secret', 'the secret: it is small', 'my-secret:x', 'secret: x', 'topsecret:x'])('%j is not', (text) => {
    expect(argumentSecretProblem(text)).toBeNull();
    expect(shellSecretProblem(text)).toBeNull();
  });
});
