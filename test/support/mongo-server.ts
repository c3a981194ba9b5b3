/** A MongoDB server of a test's own, to be killed and frozen: the stand-in of the native stack, since no real one starts here without Docker. */
import { NativeStack, type ServerProcess } from '../../infra/deploy/native/native-stack.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';

/** A server and the way to be rid of it. */
export interface TestMongoServer {
  readonly url: string;
  /** Product, for titles. */
  readonly product: string;
  readonly process: ServerProcess;
  stop(): Promise<void>;
}

/** Starts a server; null where there is no Java. Rejects then when `CI=true`. */
export async function startMongoServer(): Promise<TestMongoServer | null> {
  const stack = new NativeStack({ environment: process.env, clock: new SystemClock(), random: new SystemRandom() });
  try {
    const { urls, servers, product } = await stack.start('mongo');
    const [url] = urls;
    const [server] = servers;
    if (url === undefined || server === undefined) throw new Error('the native stack gave no server');
    return { url, product, process: server, stop: () => stack.stop() };
  } catch (error) {
    await stack.stop();
    if (process.env['CI'] === 'true') throw error;
    return null;
  }
}
