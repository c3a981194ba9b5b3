/**
 * A small SQL client, the quickstart's "command": runs the query of its last argument on the warehouse that the cluster's configuration
 * file names. Marid placed that file in the job's directory; the client knows no cluster by itself.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { errorText } from '../../core/errors/system-error.js';

const query = process.argv.at(-1) ?? '';
const folder = process.env['GENIE_CLUSTER_DIR'] ?? '.';
try {
  const warehouse = decodeWarehouse(readFileSync(join(folder, 'config', 'warehouse.json'), 'utf8'));
  const database = new Database(warehouse, { readonly: true });
  const rows: unknown[] = database.prepare(query).all();
  console.error(`${String(rows.length)} rows from ${warehouse}`);
  for (const row of rows) console.log(Object.values(row ?? {}).join('\t'));
  database.close();
} catch (error) {
  console.error(`sql-client: ${errorText(error)}`);
  process.exitCode = 3;
}

function decodeWarehouse(text: string): string {
  const config: unknown = JSON.parse(text);
  if (typeof config === 'object' && config !== null && 'database' in config && typeof config.database === 'string') {
    return config.database;
  }
  throw new Error('warehouse.json: "database" must be the path of a database file');
}
