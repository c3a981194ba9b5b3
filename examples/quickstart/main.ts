/**
 * The quickstart: starts `marid dev` in a fresh folder, registers two warehouses and two commands, and runs real jobs that are matched to
 * them by tags. Every step is a `marid` command that you can type yourself. With `--engines native` the same tour runs on Kafka, Redis, an S3 server and a
 * stand-in for MongoDB, which it starts itself (Java, Go and redis-server are needed).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startForMarid } from '../../infra/deploy/native/marid-environment.js';
import { NativeStack } from '../../infra/deploy/native/native-stack.js';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { SystemRandom } from '../../infra/runtime/system-random.js';
import { writeCluster, writeCommands } from './registry.js';
import { headline, marid, say, startDev } from './terminal.js';
import { createWarehouse } from './warehouse.js';

const CLIENT = fileURLToPath(new URL('./sql-client.js', import.meta.url));
const TOTALS = 'select country, count(*), sum(cents) / 100 from orders group by country order by 3 desc limit 3';

const { engines } = parseArgs({ options: { engines: { type: 'string', default: 'embedded' } } }).values;
const stack = engines === 'native' ? newStack() : null;
const folder = mkdtempSync(join(tmpdir(), 'marid-quickstart-'));
try {
  await tour(stack === null ? {} : await startServers(stack));
} finally {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
}

function newStack(): NativeStack {
  const report = (line: string): void => {
    say(line);
  };
  return new NativeStack({ environment: process.env, clock: new SystemClock(), random: new SystemRandom(), report });
}

function startServers(native: NativeStack): Promise<Readonly<Record<string, string>>> {
  headline('0. The servers: Kafka, three Redis, an S3 server and a stand-in for MongoDB');
  return startForMarid(native);
}

async function tour(environment: Readonly<Record<string, string>>): Promise<void> {
  headline('1. marid dev: control plane, worker and engines in one process');
  const dev = await startDev(join(folder, 'marid'), environment);
  say(`It listens on ${dev.address}; its data is in ${folder}.`);
  try {
    await register(dev.address);
    await runQueries(dev.address);
    await runOthers(dev.address);
    await upgrade(dev.address);
    headline('7. All of it');
    await marid(dev.address, ['get', 'jobs']);
  } finally {
    await dev.stop();
  }
  say('\nmarid dev has ended, its folder is removed. Start your own with: npx marid dev');
}

async function register(address: string): Promise<void> {
  headline('2. Two warehouses with 100,000 rows each, a SQL client and a shell');
  addWarehouse('warehouse-prod', 1);
  addWarehouse('warehouse-test', 2);
  const prod = writeCluster(folder, 'warehouse-prod', ['type:warehouse', 'sched:prod']);
  const test = writeCluster(folder, 'warehouse-test', ['type:warehouse', 'sched:test']);
  await marid(address, ['apply', '-f', prod, '-f', test, '-f', writeCommands(folder, CLIENT)]);
}

function addWarehouse(name: string, seed: number): void {
  mkdirSync(join(folder, name));
  createWarehouse(join(folder, name, 'orders.db'), seed);
}

async function runQueries(address: string): Promise<void> {
  headline('3. The same query, sent by tags to one warehouse or the other');
  say('Nobody names a cluster: "sched:prod" and "sched:test" find it, "type:sql" finds the command.');
  await marid(address, query('sched:prod', '--id', 'totals-prod'));
  await marid(address, query('sched:test', '--id', 'totals-test'));
  await marid(address, ['explain', 'totals-test']);
}

function query(tag: string, ...options: readonly string[]): string[] {
  return ['run', '--cluster-tag', tag, '--command-tag', 'type:sql', ...options, '--', TOTALS];
}

async function runOthers(address: string): Promise<void> {
  const shell = ['--cluster-tag', 'sched:prod', '--command-tag', 'type:shell'];
  headline('4. A shell job, and one that fails');
  await marid(address, [
    'run',
    '--id',
    'hello',
    ...shell,
    '--env',
    'WHO=world',
    '--',
    'echo "hello $WHO from $GENIE_CLUSTER_NAME"',
  ]);
  say('A job that fails: "run" ends with the exit code of the job.');
  await marid(address, ['run', '--id', 'fails', ...shell, '--', 'echo "no such table" >&2; exit 4'], { expected: 4 });
  headline('5. A job that is killed');
  await marid(address, ['submit', '--id', 'sleeper', ...shell, '--', 'echo sleeping; sleep 600']);
  await marid(address, ['kill', 'sleeper', '--reason', 'it only sleeps']);
  say('"wait" ends with 8 for a killed job, 7 for a failed one.');
  await marid(address, ['wait', 'sleeper', '--timeout', '30s'], { expected: 8 });
}

async function upgrade(address: string): Promise<void> {
  headline('6. A new warehouse takes over: no client changes, no job is refused');
  addWarehouse('warehouse-next', 3);
  const next = writeCluster(folder, 'warehouse-next', ['type:warehouse', 'sched:prod']);
  const old = writeCluster(folder, 'warehouse-prod', ['type:warehouse']);
  say('First the new one gets the tag "sched:prod", then the old one loses it.');
  await marid(address, ['apply', '-f', next]);
  await marid(address, ['apply', '-f', old]);
  await marid(address, query('sched:prod', '--id', 'totals-after'));
  const { stdout } = await marid(address, ['explain', 'totals-after']);
  if (!stdout.includes('warehouse-next')) throw new Error('the job did not land on the new warehouse');
}
