/** A PostgreSQL for the peers that keep their jobs in one. */
import { execFile } from 'node:child_process';
import { chown, mkdtemp, readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../infra/deploy/native/ports.js';
import { findOnPath } from '../../infra/deploy/native/run-tool.js';
import { ServerProcess } from '../../infra/deploy/native/server-process.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { toolContext } from '../harness/tools.js';
import type { PeerServer } from './peers.js';

const execute = promisify(execFile);

/** Where Debian puts the programs of each major version. */
const DEBIAN = '/usr/lib/postgresql';
const REMEDY = 'Install PostgreSQL (Debian: apt-get install postgresql).';
/** PostgreSQL refuses to run as root; then it runs as nobody. */
const NOBODY = 65534;
/** A peer with 128 jobs at once has a connection for each. */
const MOST_CONNECTIONS = 300;

/** Starts one as it is delivered, but for its connections: a commit is on disk before it is answered. */
export async function startPostgres(folder: string, report: (line: string) => void): Promise<PeerServer> {
  const context = toolContext(report);
  const programs = await programsFolder();
  const own = await mkdtemp(join(folder, 'postgres-'));
  const asOther = process.getuid?.() === 0 ? unprivileged() : [];
  if (asOther.length > 0) await chown(own, NOBODY, NOBODY);
  const data = join(own, 'data');
  const initdb = [...asOther, join(programs, 'initdb'), '-D', data, '-U', 'bench', '--auth=trust', '--encoding=UTF8'];
  await run(initdb);
  const port = await freePort(new SystemRandom());
  const address = ['-h', '127.0.0.1', '-p', String(port), '-U', 'bench'];
  const listen = [`port=${String(port)}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${own}`];
  const settings = [...listen, `max_connections=${String(MOST_CONNECTIONS)}`];
  const server = new ServerProcess(context, {
    name: 'postgres',
    url: `postgres://bench@127.0.0.1:${String(port)}/bench`,
    command: [...asOther, join(programs, 'postgres'), '-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    logFile: join(folder, 'postgres.log'),
    probe: () => run([join(programs, 'pg_isready'), '-h', '127.0.0.1', '-p', String(port)]),
  });
  await server.start();
  return {
    url: server.url,
    clear: async () => {
      await run([join(programs, 'dropdb'), '--if-exists', '--force', ...address, 'bench']);
      await run([join(programs, 'createdb'), ...address, 'bench']);
    },
    stop: () => server.kill(),
  };
}

function unprivileged(): readonly string[] {
  return ['setpriv', `--reuid=${String(NOBODY)}`, `--regid=${String(NOBODY)}`, '--clear-groups'];
}

async function programsFolder(): Promise<string> {
  const onPath = findOnPath(
    toolContext(() => undefined),
    'postgres',
  );
  if (onPath !== null) return dirname(await realpath(onPath));
  const versions = await readdir(DEBIAN).catch(() => []);
  const newest = [...versions].sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error(`There is no postgres on the PATH. ${REMEDY}`);
  return join(DEBIAN, newest, 'bin');
}

async function run([program = '', ...args]: readonly string[]): Promise<void> {
  await execute(program, args, { cwd: '/' });
}
