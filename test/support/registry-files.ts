/** A small registry for tests with real processes: one cluster, and a command that runs `bash -c`. */
import { writeFile } from 'node:fs/promises';
import type { MaridBench } from './marid-process.js';

const REGISTRY = `kind: Cluster
id: local
name: local
user: tests
version: "1"
tags: ["sched:test"]
---
kind: Command
id: shell
name: shell
user: tests
version: "1"
tags: ["type:shell"]
executable: [/bin/bash, -c]
clusterCriteria:
  - tags: ["sched:test"]
memoryMb: 64
`;

/** Options of a job for the shell command of the registry. */
export const SHELL = ['--cluster-tag', 'sched:test', '--command-tag', 'type:shell'] as const;

/** Registers the cluster and the command. */
export async function applyRegistry(bench: MaridBench, address: string): Promise<void> {
  const file = bench.path('registry.yaml');
  await writeFile(file, REGISTRY);
  const applied = await bench.run(address, ['apply', '-f', file]);
  if (applied.code !== 0) throw new Error(`apply failed: ${applied.stderr}`);
}
