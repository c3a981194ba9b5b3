/** Free ports on the loopback interface. */
import { createServer } from 'node:net';
import type { Random } from '../../../core/ports/random.js';

/** Ports below those that the kernel gives to clients (from 32768): a killed server finds its port still free. */
const FIRST = 10_000;
const LAST = 32_000;
/** Each process has a range of its own, as a rule: two that look at the same time do not find the same port. */
const RANGE = 200;
const given = new Set<number>();

/** A port that nobody listens on now, and that this process was not given before. */
export async function freePort(random: Random): Promise<number> {
  const ranges = (LAST - FIRST) / RANGE;
  for (let tries = 0; ; tries += 1) {
    const range = (process.pid + Math.floor(tries / RANGE)) % ranges;
    const port = FIRST + range * RANGE + Math.floor(random.next() * RANGE);
    if (given.has(port) || !(await canListen(port))) continue;
    given.add(port);
    return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
