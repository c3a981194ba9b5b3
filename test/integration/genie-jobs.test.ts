/** Set-up written for Genie 4 works as it is: layout, order, variables, the user's own set-up; with archives unpacked. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tarGz, zip } from '../support/archives.js';
import { MaridBench, type MaridProcess } from '../support/marid-process.js';

const TIMEOUT_MS = 120_000;

/** As Genie's own demonstration sets Spark up, but for `tar`, which is not needed. */
const APPLICATION_SETUP = `#!/bin/bash
set -o errexit -o nounset -o pipefail
start_dir=\`pwd\`
cd \`dirname \${BASH_SOURCE[0]}\`
TOOL_BASE_DIR=\`pwd\`
cd $start_dir
export TOOL_HOME="\${TOOL_BASE_DIR}/dependencies/tool-1.0"
export PATH=$PATH:\${TOOL_HOME}/bin
cp \${GENIE_CLUSTER_DIR}/config/* \${TOOL_BASE_DIR}/
export ORDER="\${ORDER} application"
`;
const CLUSTER_SETUP = 'export ORDER="cluster"\necho "cluster set-up of $GENIE_CLUSTER_NAME"\n';
const COMMAND_SETUP = 'export ORDER="${ORDER} command"\nexport TOOL_OPTIONS="--default"\n';
const JOB_SETUP = 'export ORDER="${ORDER} job"\nexport TOOL_OPTIONS="${TOOL_OPTIONS} --of-the-user"\n';
const TOOL = `#!/bin/bash
echo "order: $ORDER"
echo "options: $TOOL_OPTIONS"
echo "arguments: $*"
echo "cluster: $(cat "$GENIE_APPLICATION_DIR/tool/cluster.properties") = $GENIE_CLUSTER_TAGS"
echo "command configuration: $(cat "$GENIE_COMMAND_DIR/config/command.conf")"
echo "module: $(cat module/main.txt) in $(basename "$(dirname "$GENIE_JOB_DIR")")/$(basename "$PWD")"
echo "requested: $GENIE_REQUESTED_CLUSTER_TAGS_0 $GENIE_REQUESTED_COMMAND_TAGS version $GENIE_VERSION user $GENIE_USER"
`;

let bench: MaridBench;
let dev: MaridProcess;

beforeAll(async () => {
  bench = await MaridBench.open();
  dev = await bench.start(['dev', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')]);
  writeFileSync(bench.path('registry.yaml'), registry());
  const { stderr, code } = await bench.run(dev.address, ['apply', '-f', bench.path('registry.yaml')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}, TIMEOUT_MS);

afterAll(() => bench.close(), TIMEOUT_MS);

function file(name: string, content: string | Buffer): string {
  mkdirSync(dirname(bench.path(name)), { recursive: true });
  writeFileSync(bench.path(name), content);
  return pathToFileURL(bench.path(name)).href;
}

function registry(): string {
  const tool = tarGz([{ name: 'bin/tool', content: Buffer.from(TOOL), mode: 0o755 }]);
  const common = 'user: genie, version: "1.0"';
  return `
{kind: Application, id: tool, name: tool, ${common}, setupFile: "${file('app/setup.sh', APPLICATION_SETUP)}", unpack: ["${file('app/tool-1.0.tar.gz', tool)}"]}
---
{kind: Cluster, id: genie-cluster, name: GenieCluster, ${common}, tags: ["sched:adhoc", "type:tool"], setupFile: "${file('cluster/setup.sh', CLUSTER_SETUP)}",
 configs: ["${file('cluster/cluster.properties', 'address=here')}"]}
---
{kind: Command, id: tool-command, name: tool, ${common}, tags: ["type:tool"], executable: ["tool", "--first"], applicationIds: ["tool"], memoryMb: 64,
 clusterCriteria: [{tags: ["type:tool"]}], setupFile: "${file('command/setup.sh', COMMAND_SETUP)}", configs: ["${file('command/command.conf', 'of the command')}"]}
`;
}

function run(id: string, ...more: readonly string[]) {
  const tags = ['--cluster-tag', 'sched:adhoc', '--command-tag', 'type:tool', '--user', 'ada'];
  return bench.run(dev.address, ['run', '--id', id, ...tags, ...more]);
}

describe('jobs as Genie sets them up', () => {
  test(
    'setup files are sourced in its order, find its folders and variables, and set variables for the program',
    async () => {
      const module = file('module.zip', zip([{ name: 'main.txt', content: Buffer.from('of the job') }]));
      const setup = file('job/setup.sh', JOB_SETUP);
      const { code, stdout, stderr } = await run(
        'j1',
        '--setup-file',
        setup,
        '--unpack',
        module,
        '--',
        'two words',
        '$X',
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.trim().split('\n')).toEqual([
        'order: cluster application command job',
        'options: --default --of-the-user',
        'arguments: --first two words $X',
        'cluster: address=here = sched:adhoc,type:tool',
        'command configuration: of the command',
        'module: of the job in j1/1',
        'requested: sched:adhoc type:tool version 4 user ada',
      ]);
      const { stdout: listed } = await bench.run(dev.address, ['files', 'j1']);
      for (const path of [
        ...[
          'run',
          'stdout',
          'stderr',
          'genie_setup.sh',
          'module.zip',
          'module/main.txt',
          'genie/logs/setup.log',
          'genie/logs/env.log',
        ],
        ...['genie/cluster/genie-cluster/genie_setup.sh', 'genie/cluster/genie-cluster/config/cluster.properties'],
        ...['genie/command/tool-command/genie_setup.sh', 'genie/applications/tool/genie_setup.sh'],
        ...[
          'genie/applications/tool/dependencies/tool-1.0.tar.gz',
          'genie/applications/tool/dependencies/tool-1.0/bin/tool',
        ],
      ]) {
        expect(listed).toContain(path);
      }
      const log = await bench.run(dev.address, ['files', 'j1', 'genie/logs/setup.log', '--cat']);
      expect(log.stdout).toContain('cluster set-up of GenieCluster');
    },
    TIMEOUT_MS,
  );

  test(
    'a set-up file that fails, and an archive that is refused, fail the job with the reason',
    async () => {
      const failing = await run('j2', '--setup-file', file('job/failing.sh', 'echo no licence >&2; false\n'));
      expect(failing).toMatchObject({ code: 1, stderr: expect.stringContaining('no licence') });
      const hostile = file('hostile.tar.gz', tarGz([{ name: '../../../run', content: Buffer.from('x') }]));
      const refused = await run('j3', '--unpack', hostile);
      expect(refused).toMatchObject({
        code: 7,
        stderr: expect.stringMatching(/"unpack".*hostile\.tar\.gz.*\.\.\/\.\.\/\.\.\/run/),
      });
      const wrong = await run('j5', '--unpack', 'file:///x/readme.txt');
      expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('job.unpack[0]') });
    },
    TIMEOUT_MS,
  );
});
