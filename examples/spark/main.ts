/**
 * Two real Spark clusters, each with a master and a worker, behind Marid: SparkPi and a PySpark job over a million rows find theirs by tags, and the tags move from
 * one cluster to the other while jobs come in. Every step is a `marid` command that you can type yourself. Needs Java 8 to 17 and Python with pip.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SystemClock } from '../../infra/runtime/system-clock.js';
import { headline, marid, say, startDev } from '../quickstart/terminal.js';
import { missingForSpark, prepareSpark, type SparkHome } from './prepare-spark.js';
import { scriptPath, writeOrders, writeRegistry } from './registry.js';
import { startCluster } from './spark-cluster.js';

const context = { environment: process.env, clock: new SystemClock(), report: say };
const missing = await missingForSpark(context);
if (missing === null) await main();
else {
  console.error(`The Spark example cannot run here: ${missing}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const spark = await prepareSpark(context);
  const folder = mkdtempSync(join(tmpdir(), 'marid-spark-'));
  try {
    await tour(spark, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function tour(spark: SparkHome, folder: string): Promise<void> {
  headline('1. marid dev, and two Spark clusters that register themselves when they are up');
  const dev = await startDev(join(folder, 'marid'));
  const { address } = dev;
  const clusters = [
    startCluster({ id: 'spark-a', folder: join(folder, 'a'), tags: ['type:spark', 'sched:prod'], address, spark }),
    startCluster({ id: 'spark-b', folder: join(folder, 'b'), tags: ['type:spark', 'sched:test'], address, spark }),
  ];
  try {
    await Promise.all(clusters.map((cluster) => cluster.registered));
    await marid(address, ['apply', '-f', writeRegistry(folder, spark)]);
    await runByTags(address, spark, folder);
    await moveTags(address, spark, folder);
    headline('5. The old cluster stops: it deregisters itself, and waits for its jobs');
    await clusters[0]?.stop();
    await marid(address, ['get', 'clusters']);
    headline('6. All of it');
    await marid(address, ['get', 'jobs']);
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
    await dev.stop();
  }
}

async function runByTags(address: string, spark: SparkHome, folder: string): Promise<void> {
  headline('2. SparkPi, on whatever cluster has the tag "sched:prod"');
  await marid(address, ['run', '--id', 'pi', ...sparkPi('sched:prod', spark, 4)]);
  await marid(address, ['explain', 'pi']);
  headline('3. A PySpark job over a million generated orders, on "sched:test"');
  const orders = join(folder, 'orders.csv');
  await writeOrders(orders);
  const script = pathToFileURL(scriptPath('orders.py')).href;
  const job = [...sparkSubmit('sched:test'), '--dependency', script, '--', 'orders.py', orders];
  await marid(address, ['run', '--id', 'orders', ...job]);
}

async function moveTags(address: string, spark: SparkHome, folder: string): Promise<void> {
  headline('4. "sched:prod" moves to the other cluster while jobs come in; none fails');
  const submit = (id: string) => marid(address, ['submit', '--id', id, ...sparkPi('sched:prod', spark, 2)]);
  await submit('pi-before');
  await setTags(address, folder, 'spark-b', ['type:spark', 'sched:test', 'sched:prod']);
  await submit('pi-between');
  await setTags(address, folder, 'spark-a', ['type:spark']);
  await submit('pi-after');
  await marid(address, ['wait', 'pi-before', 'pi-between', 'pi-after']);
  const { stdout } = await marid(address, ['explain', 'pi-after']);
  if (!stdout.includes('on cluster "spark-b"')) throw new Error('the job did not follow the tag');
}

/** Options and arguments of a job that computes pi in so many parts. */
function sparkPi(tag: string, { sparkHome }: SparkHome, parts: number): readonly string[] {
  return [...sparkSubmit(tag), '--', join(sparkHome, 'examples/src/main/python/pi.py'), String(parts)];
}

function sparkSubmit(clusterTag: string): readonly string[] {
  return ['--cluster-tag', clusterTag, '--command-tag', 'type:spark-submit'];
}

/** Gives a cluster other tags, and leaves the rest of it as it is. */
async function setTags(address: string, folder: string, id: string, tags: readonly string[]): Promise<void> {
  const { stdout } = await marid(address, ['get', 'cluster', id, '-o', 'json'], { quiet: true });
  const path = join(folder, `${id}.json`);
  writeFileSync(path, JSON.stringify({ ...decodeEntry(stdout), kind: 'Cluster', tags }));
  await marid(address, ['apply', '-f', path]);
}

function decodeEntry(text: string): object {
  const entry: unknown = JSON.parse(text);
  if (typeof entry !== 'object' || entry === null) throw new Error(`not an entry: ${text}`);
  return entry;
}
