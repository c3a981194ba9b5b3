/** What `marid config check` says of one engine of a control plane. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from './temporary-folder.js';
import { TestCli, type CliResult } from './test-cli.js';

/** Runs it in this process, on a file with these keys; all other engines are embedded. */
export async function checkEngine(keys: Readonly<Record<string, unknown>>): Promise<CliResult> {
  const folder = makeTemporaryFolder();
  try {
    const file = join(folder.path, 'marid.yaml');
    writeFileSync(file, JSON.stringify({ controlPlane: { dataFolder: folder.path, ...keys } })); // JSON is YAML
    return await new TestCli().run('config', 'check', '--config', file);
  } finally {
    folder.remove();
  }
}
