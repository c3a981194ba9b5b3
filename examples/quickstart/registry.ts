/** The quickstart's registry, as files for `marid apply`: two warehouses, a SQL client and a shell. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Writes a cluster's configuration and its registry entry; returns the path of the entry. */
export function writeCluster(folder: string, name: string, tags: readonly string[]): string {
  const config = join(folder, name, 'warehouse.json');
  writeFileSync(config, JSON.stringify({ database: join(folder, name, 'orders.db') }));
  return write(folder, `cluster-${name}.yaml`, [
    'kind: Cluster',
    `id: ${name}`,
    `name: ${name}`,
    'user: data-platform',
    'version: "1"',
    `tags: [${tags.map((tag) => JSON.stringify(tag)).join(', ')}]`,
    `configs: [${JSON.stringify(pathToFileURL(config).href)}]`,
  ]);
}

/** Writes the commands: `sql` runs on any warehouse that is scheduled, `shell` too. */
export function writeCommands(folder: string, client: string): string {
  const command = (id: string, executable: readonly string[]): string[] => [
    'kind: Command',
    `id: ${id}`,
    `name: ${id}`,
    'user: data-platform',
    'version: "1"',
    `tags: ["type:${id}"]`,
    `executable: [${executable.map((part) => JSON.stringify(part)).join(', ')}]`,
    'clusterCriteria:',
    '  - tags: ["type:warehouse"]',
    'memoryMb: 256',
  ];
  return write(folder, 'commands.yaml', [
    ...command('sql', [process.execPath, client]),
    '---',
    ...command('shell', ['/bin/bash', '-c']),
  ]);
}

function write(folder: string, name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
