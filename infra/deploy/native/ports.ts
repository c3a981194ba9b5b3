/** Free ports on the loopback interface. */
import { createServer } from 'node:net';
import type { Random } from '../../../core/ports/random.js';

/** Ports below those that the kernel gives to clients (from 32768): a killed server finds its port still free. */
const FIRST = 10_000;
const LAST = 32_000;

/** A port that nobody listens on now. */
export async function freePort(random: Random): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(random.next() * (LAST - FIRST));
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
