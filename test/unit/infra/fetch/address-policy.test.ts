import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressPolicy } from '../../../../infra/fetch/http/address-policy.js';
import { isAllowEntry } from '../../../../workers/gateway/fetch-config.js';

const strict = new AddressPolicy([]);

describe('AddressPolicy', () => {
  test.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.31.255.255'],
    ...['192.168.0.1', '198.19.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1', 'fe80::1%eth0', 'fd00::1'],
    ...['ff02::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:a9fe:a9fe', '::127.0.0.1', '64:ff9b::7f00:1'],
    ...['2002:7f00:1::', '64:ff9b:1::1', 'not-an-address', ''],
  ])('%s is refused', (address) => {
    expect(strict.allows('example.org', address)).toBe(false);
  });

  test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    '%s is public',
    (address) => {
      expect(strict.allows('example.org', address)).toBe(true);
    },
  );

  test('no way of writing a private IPv4 address into an IPv6 address gets by', () => {
    const part = fc.integer({ min: 0, max: 255 });
    const privates = fc.tuple(fc.constantFrom(10, 127), part, part, part);
    const prefixes = fc.constantFrom('::ffff:', '::ffff:0:', '64:ff9b::', '::', '0000:0:0:0:0:FFFF:');
    fc.assert(
      fc.property(prefixes, privates, (prefix, address) => {
        expect(strict.allows('example.org', prefix + address.join('.'))).toBe(false);
      }),
    );
  });

  test('hosts, domains, addresses and ranges can be allowed', () => {
    const policy = new AddressPolicy(['nexus', '*.corp.example', '10.0.0.0/8', '::1', '192.168.1.1']);
    expect(policy.allows('Nexus', '172.16.0.1')).toBe(true);
    expect(policy.allows('a.corp.example', '172.16.0.1')).toBe(true);
    expect(policy.allows('xcorp.example', '172.16.0.1')).toBe(false);
    expect(policy.allows('x', '::ffff:10.1.1.1')).toBe(true);
    expect(policy.allows('x', '::1')).toBe(true);
    expect(policy.allows('x', '192.168.1.2')).toBe(false);
  });

  test('what is no entry is seen as such', () => {
    for (const entry of ['a', 'a.b-c', '*.a', '10.0.0.0/8', '::/0', '127.0.0.1'])
      expect(isAllowEntry(entry)).toBe(true);
    for (const entry of ['', '*', 'a b', '10.0.0.0/33', '10.0.0.0/x', '::/129', '1.1.1.1/2/3', 'http://a']) {
      expect(isAllowEntry(entry)).toBe(false);
    }
  });
});
