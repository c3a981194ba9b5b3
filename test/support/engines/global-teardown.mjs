/** Runs in the process of Jest after the tests: ends the servers that `global-setup.mjs` had started. */
import { rmSync } from 'node:fs';
import { RUN } from './global-setup.mjs';

export default async function tearDown() {
  const { engines, server } = globalThis[RUN];
  server.close();
  const { supervisor } = engines;
  if (supervisor !== null && supervisor.exitCode === null && supervisor.signalCode === null) {
    await new Promise((resolve) => {
      supervisor.once('close', resolve);
      supervisor.stdin.end();
    });
  }
  rmSync(engines.folder, { recursive: true, force: true });
}
