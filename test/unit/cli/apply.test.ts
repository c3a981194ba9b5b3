import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryMarid } from '../../support/memory-marid.js';
import { runMaridCli, TestCli, type CliResult } from '../../support/test-cli.js';

const REGISTRY = `# the smallest registry
kind: Command
id: spark
name: spark
user: ada
version: 3.10
executable: [spark-submit]
cluster_criteria:
  - tags: [prod]
applicationIds: [java]
---
apiVersion: marid/v1
kind: Application
id: java
name: java
user: ada
version: 17
---
kind: Cluster
id: prod
name: prod
user: ada
version: "1"
status: out_of_service
tags: [prod, yarn]
metadata: { owner: data, nodes: 3 }
`;

let marid: MemoryMarid;
let folder: string;

beforeEach(async () => {
  marid = await MemoryMarid.open();
  folder = await mkdtemp(join(tmpdir(), 'marid-cli-'));
});

afterEach(async () => {
  await marid.stop();
  await rm(folder, { recursive: true });
});

async function apply(text: string, ...args: readonly string[]): Promise<CliResult> {
  const file = join(folder, 'r.yaml');
  await writeFile(file, text);
  const result = await runMaridCli(marid.address, 'apply', '-f', file, ...args);
  return { ...result, stderr: result.stderr.replaceAll(`${folder}/`, '') };
}

describe('apply', () => {
  test('creates, then leaves unchanged, then changes; what others need comes first', async () => {
    expect(await apply(REGISTRY)).toEqual({
      exitCode: 0,
      stdout: 'application java created\ncluster prod created\ncommand spark created\n',
      stderr: '',
    });
    expect(marid.registry.commands.get('spark').version).toBe('3.10');
    expect((await apply(REGISTRY)).stdout).toBe(
      'application java unchanged\ncluster prod unchanged\ncommand spark unchanged\n',
    );
    const changed = REGISTRY.replace('[prod, yarn]', '[yarn, prod]').replace('version: 17', 'version: 21');
    expect((await apply(changed)).stdout).toBe(
      'application java changed\ncluster prod unchanged\ncommand spark unchanged\n',
    );
    expect(marid.registry.applications.get('java').version).toBe('21');
  });

  test('only says what it would do with --dry-run', async () => {
    expect((await apply(REGISTRY, '--dry-run')).stdout).toContain('cluster prod created (dry run)');
    expect(marid.registry.clusters.all.size).toBe(0);
  });

  test('reads standard input, and takes back what get -o yaml prints', async () => {
    await apply(REGISTRY);
    const printed = await runMaridCli(marid.address, 'get', 'commands', '-o', 'yaml');
    const cli = new TestCli({ address: marid.address, stdin: printed.stdout });
    expect((await cli.run('apply', '-f', '-')).stdout).toBe('command spark unchanged\n');
  });

  test('refuses an etag that is not current', async () => {
    await apply(REGISTRY);
    const stale = 'kind: Cluster\nid: prod\nname: other\nuser: ada\nversion: "1"\netag: "77"\n';
    const { exitCode, stderr } = await apply(stale);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('marid: Somebody else wrote.');
  });

  test('names file, line and column of broken YAML', async () => {
    const { exitCode, stderr } = await apply('kind: Cluster\nid: "a\n');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^marid: r\.yaml:\d+:\d+: .*quote/);
  });

  test('reports every mistake with its place, and changes nothing', async () => {
    const { exitCode, stderr } = await apply(
      [
        'kind: Cluster\nid: ok\nname: ok\nuser: a\nversion: 1\n',
        'kind: Cluster\nid: b\nnmae: x\ntags: one\nstatus: DOWN\n',
        'kind: Comand\nid: c\n',
        'kind: Command\nname: d\nclusterCriteria:\n  - tag: [x]\nmemoryMb: lots\n',
        'kind: Cluster\nid: ok\n',
        'kind: Cluster\nuser: ada\n',
      ].join('---\n'),
    );
    expect(exitCode).toBe(2);
    expect(stderr.split('\n')).toEqual([
      'marid: r.yaml:9:1: document 2 nmae: unknown field "nmae" in Cluster, did you mean "name"?',
      'marid: r.yaml:10:1: document 2 tags: must be a list',
      'marid: r.yaml:11:1: document 2 status: must be one of UP, OUT_OF_SERVICE, TERMINATED',
      'marid: r.yaml:13:1: document 3 kind: kind must be one of Application, Cluster, Command, did you mean "Command"?',
      'marid: r.yaml:19:5: document 4 clusterCriteria.0.tag: unknown field "tag" in Criterion, did you mean "tags"?',
      'marid: r.yaml:20:1: document 4 memoryMb: must be a number',
      'marid: r.yaml:23:1: document 5 id: cluster ok is given twice',
      'marid: r.yaml:25:1: document 6: Cluster needs an id: without one every apply would create another',
      '',
    ]);
    expect(marid.registry.clusters.all.size).toBe(0);
  });
});

describe('delete', () => {
  test('goes on after a failure and ends with its code', async () => {
    await apply(REGISTRY);
    const result = await runMaridCli(marid.address, 'delete', 'clusters', 'nowhere', 'prod');
    expect(result).toEqual({
      exitCode: 3,
      stdout: 'cluster prod deleted\n',
      stderr: 'marid: There is no entry nowhere.\n',
    });
    expect((await runMaridCli(marid.address, 'delete', 'cluster', 'prod', '--ignore-not-found')).exitCode).toBe(0);
  });
});
