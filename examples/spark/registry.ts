/** What the example registers by itself (the clusters do so themselves), and its data. */
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { quote } from '../../workers/gateway/script/quote.js';
import type { SparkHome } from './prepare-spark.js';

const COUNTRIES = ['AT', 'BR', 'DE', 'IN', 'JP', 'KE', 'NO', 'US'];
const ROWS = 1_000_000;
const ROWS_AT_ONCE = 10_000;

/** Path of a script of the example; it is kept beside the sources, also when the compiled code runs. */
export function scriptPath(name: string): string {
  const here = fileURLToPath(import.meta.url);
  const root = here.includes('/dist/examples/') ? '../../..' : '../..';
  return fileURLToPath(new URL(`${root}/examples/spark/files/${name}`, import.meta.url));
}

/** Writes the application `spark` and the command `spark-submit`; returns the path of the file. */
export function writeRegistry(folder: string, { sparkHome, javaHome, python }: SparkHome): string {
  const home = join(folder, 'spark-home.sh');
  const variables = { SPARK_HOME: sparkHome, JAVA_HOME: javaHome, PYSPARK_PYTHON: python, SPARK_LOCAL_IP: '127.0.0.1' };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  writeFileSync(home, lines.join(''));
  const uri = (path: string): string => JSON.stringify(pathToFileURL(path).href);
  const path = join(folder, 'registry.yaml');
  writeFileSync(
    path,
    `kind: Application
id: spark
name: spark
user: data-platform
version: "3.5"
configs: [${uri(home)}]
setupFile: ${uri(scriptPath('spark-setup.sh'))}
---
kind: Command
id: spark-submit
name: spark-submit
user: data-platform
version: "3.5"
tags: ["type:spark-submit"]
executable: ["spark-submit"]
applicationIds: ["spark"]
clusterCriteria:
  - tags: ["type:spark"]
setupFile: ${uri(scriptPath('spark-submit-setup.sh'))}
memoryMb: 700
`,
  );
  return path;
}

/** Writes a million orders as CSV: id, country, cents. The same each time. */
export async function writeOrders(path: string): Promise<void> {
  await pipeline(Readable.from(orders()), createWriteStream(path));
}

function* orders(): Generator<string> {
  let state = 1;
  for (let first = 0; first < ROWS; first += ROWS_AT_ONCE) {
    let text = '';
    for (let id = first; id < first + ROWS_AT_ONCE; id += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      text += `${id},${COUNTRIES[(state >>> 16) % COUNTRIES.length]},${(state >>> 8) % 50_000}\n`;
    }
    yield text;
  }
}
