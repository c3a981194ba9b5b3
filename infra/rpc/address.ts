/** Addresses of servers: `host:port`, with brackets around an IPv6 host. */
import { MaridError } from '../../core/errors/marid-error.js';
import { safeText } from '../../proto/rpc/safe-text.js';

const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$/;
const MAX_PORT = 65_535;

/** The parts of an address. Throws `INVALID_ARGUMENT` for any other text. */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const [, host, port] = ADDRESS.exec(address) ?? [];
  if (host === undefined || port === undefined || Number(port) > MAX_PORT) {
    const text = safeText(address, 200);
    throw new MaridError(
      'INVALID_ARGUMENT',
      `"${text}" is not an address: give host:port, for example 127.0.0.1:7070.`,
    );
  }
  return { host, port: Number(port) };
}
