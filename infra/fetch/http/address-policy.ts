/** Which addresses a job may make the worker connect to: no private, loopback, link-local or otherwise special ones unless they are allowed. */
import { BlockList, isIP } from 'node:net';

/** IANA's special-purpose addresses (RFC 6890 and its updates), multicast and reserved ones included. 169.254.169.254 is the clouds' metadata. */
const SPECIAL_V4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
];
const SPECIAL_V6 = ['::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '5f00::/16'].concat([
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]);

/** Groups of an IPv6 address before those that hold an IPv4 address: mapped, translated, NAT64, 6to4. */
const WITH_V4: readonly (readonly [prefix: string, groups: number])[] = [
  ['0:0:0:0:0:ffff:', 6],
  ['0:0:0:0:ffff:0:', 6],
  ['64:ff9b:0:0:0:0:', 6],
  ['2002:', 1],
];

export class AddressPolicy {
  readonly #special = new BlockList();
  readonly #allowed = new BlockList();
  readonly #hosts = new Set<string>();
  readonly #domains: string[] = [];

  /** `allow`: addresses, ranges (CIDR), host names, and `*.` with a domain. Throws when a range is none. */
  constructor(allow: readonly string[]) {
    for (const range of [...SPECIAL_V4, ...SPECIAL_V6]) addRange(this.#special, range);
    for (const entry of allow) {
      if (isIP(entry.split('/')[0] ?? '') !== 0) addRange(this.#allowed, entry);
      else if (entry.startsWith('*.')) this.#domains.push(entry.slice(1).toLowerCase());
      else this.#hosts.add(entry.toLowerCase());
    }
  }

  /** Whether a host may be connected to at an address. */
  allows(host: string, address: string): boolean {
    if (this.#allowsHost(host)) return true;
    const plain = embeddedV4(address) ?? address.replace(/%.*$/, '');
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(plain) === 0) return false;
    return this.#allowed.check(plain, family) || !this.#special.check(plain, family);
  }

  #allowsHost(host: string): boolean {
    const name = host.toLowerCase().replace(/\.$/, '');
    return this.#hosts.has(name) || this.#domains.some((domain) => name.endsWith(domain));
  }
}

function addRange(list: BlockList, range: string): void {
  const [address = '', bits] = range.split('/');
  const version = isIP(address);
  list.addSubnet(address, bits === undefined ? widthOf(version) : Number(bits), version === 6 ? 'ipv6' : 'ipv4');
}

function widthOf(version: number): number {
  return version === 6 ? 128 : 32;
}

/** The IPv4 address that an IPv6 address stands for; null when it stands for none. */
function embeddedV4(address: string): string | null {
  if (isIP(address) !== 6) return null;
  const groups = groupsOf(address);
  const text = groups.map((group) => group.toString(16)).join(':');
  const found = WITH_V4.find(([prefix]) => text.startsWith(prefix));
  const [high, low] = groups.slice(found?.[1] ?? 8);
  if (high === undefined || low === undefined) return null;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups, by way of URL, which knows every way to write one. */
function groupsOf(address: string): readonly number[] {
  const written = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1);
  const [before = '', after] = written.split('::');
  const numbers = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  if (after === undefined) return numbers(before);
  const zeros = 8 - numbers(before).length - numbers(after).length;
  return [...numbers(before), ...new Array<number>(zeros).fill(0), ...numbers(after)];
}
