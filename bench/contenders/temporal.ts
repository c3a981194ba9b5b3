/** Temporal's development server: the one of its forms that needs no cluster around it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cached } from '../../infra/deploy/native/cache.js';
import { freePort } from '../../infra/deploy/native/ports.js';
import { runTool } from '../../infra/deploy/native/run-tool.js';
import { ServerProcess } from '../../infra/deploy/native/server-process.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import type { Contender, Round } from '../harness/contender.js';
import { benchFile, npmFolder, toolContext } from '../harness/tools.js';
import { startPeer } from './peers.js';

/** The last one without a `replace` in its go.mod, which `go install` refuses. */
const TEMPORAL = '1.5.1';
const SDK = '1.24.0';
const REMEDY = 'Install Go 1.25 or newer.';

/** A workflow with one activity for each job; the server is started anew for each round. */
export const TEMPORAL_DEV: Contender = {
  name: "Temporal's dev server",
  prepare: async ({ stamp, report }) => {
    const context = toolContext(report);
    const folder = await cached(context, {
      name: `bench-temporal-${TEMPORAL}`,
      step: `built Temporal's dev server ${TEMPORAL} by go install`,
      make: (target) =>
        runTool(context, {
          command: ['go', 'install', `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL}`],
          environment: { GOBIN: target },
          remedy: REMEDY,
        }),
    });
    const packages = ['client', 'worker', 'workflow', 'activity'].map((name) => `@temporalio/${name}@${SDK}`);
    const modules = await npmFolder(context, packages);
    const command = [process.execPath, benchFile('peers', 'temporal.mjs')];
    return {
      version: `${TEMPORAL}, SDK ${SDK}`,
      durability: 'SQLite in a file, as the development server sets it',
      start: async (round: Round) => {
        const server = await startServer(join(folder, 'temporal'), round.folder, report);
        const peer = await startPeer({ command, environment: { BENCH_MODULES: modules }, server }, stamp, round);
        return {
          submit: (id: string) => peer.submit(id),
          stop: async () => {
            await peer.stop();
            await server.kill();
          },
        };
      },
      stop: async () => undefined,
    };
  },
};

async function startServer(program: string, folder: string, report: (line: string) => void): Promise<ServerProcess> {
  const address = `127.0.0.1:${String(await freePort(new SystemRandom()))}`;
  const [, port = ''] = address.split(':');
  const settings = ['--port', port, '--db-filename', join(folder, 'temporal.db'), '--log-level', 'error'];
  const server = new ServerProcess(toolContext(report), {
    name: 'temporal',
    url: `http://${address}`,
    command: [program, 'server', 'start-dev', '--headless', '--ip', '127.0.0.1', ...settings],
    logFile: join(folder, 'temporal.log'),
    probe: () =>
      promisify(execFile)(program, ['operator', 'cluster', 'health', '--address', address]).then(() => undefined),
  });
  await server.start();
  return server;
}
