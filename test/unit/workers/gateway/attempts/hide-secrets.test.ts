import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hideSecrets, secretTexts } from '../../../../../workers/gateway/attempts/hide-secrets.js';

describe('hideSecrets', () => {
  test.each([
    ['whole', 'user=a password=canary-1 end', 'user=a password=[secret] end'],
    ['twice', 'canary-1canary-1', '[secret][secret]'],
    ['the longer of two that overlap', 'xcanary-1-long', 'x[secret]'],
    ['the rest of one that was cut', 'ary-1-long and more', '[secret] and more'],
    ['a text that is a part of one', 'nary-1-lo', '[secret]'],
    ['nothing else', 'no such thing', 'no such thing'],
    ['nothing', '', ''],
  ])('%s', (_, tail, shown) => {
    expect(hideSecrets(tail, ['canary-1', 'canary-1-long'])).toBe(shown);
  });

  test('takes out each line of a secret of several', () => {
    const texts = secretTexts('-----BEGIN-----\nabcdef\n\nghijkl\n');
    expect(hideSecrets('setup: ghijkl\nabcdef', texts)).toBe('setup: [secret]\n[secret]');
  });

  test('no end of a text with a secret shows a character of that', () => {
    const secret = '0123456789';
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z\n]{0,20}$/), fc.stringMatching(/^[a-z]{0,20}$/), fc.nat(60), (a, b, cut) => {
        expect(hideSecrets(`${a}${secret}${b}${secret}`.slice(cut), [secret])).not.toMatch(/\d/);
      }),
    );
  });
});
