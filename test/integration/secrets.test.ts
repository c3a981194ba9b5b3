/** Secrets of jobs, with real processes: jobs get them, and nothing else on the machine holds them. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toJson } from '@bufbuild/protobuf';
import { MaridClient } from '../../client/index.js';
import { ArchiveStatus, JobSchema } from '../../proto/gen/marid/v1/job_pb.js';
import { eventually } from '../support/eventually.js';
import { commandLinesWith, filesWith } from '../support/find-text.js';
import { MaridBench, type MaridProcess } from '../support/marid-process.js';

const canary = (): string => `canary-${randomUUID()}`;
const SECRETS = { 'of-cluster': canary(), 'of-application': canary(), 'of-job': canary(), OF_COMMAND: canary() };
const CANARIES = Object.values(SECRETS);
/** Where a secret may be while its job runs. */
const SECRET_FILE = /^worker\/jobs\/[^/]+\/1\.secrets\/(?:of-application|of-job)$/;

const REGISTRY = `kind: Application
id: tools
name: tools
user: tests
version: "1"
environment: { TOOLS_FILE: "secret-file:of-application" }
---
kind: Cluster
id: local
name: local
user: tests
version: "1"
tags: ["sched:test"]
environment: { CLUSTER_DSN: "secret:of-cluster", MARK: cluster-mark }
---
kind: Command
id: shell
name: shell
user: tests
version: "1"
tags: ["type:shell"]
executable: [/bin/bash, -c]
applicationIds: [tools]
clusterCriteria: [{ tags: ["sched:test"] }]
memoryMb: 64
environment: { COMMAND_DSN: "secret:OF_COMMAND", MARK: command-mark }
`;
/** Waits to be let go, then shows that it has everything without showing it. */
const SCRIPT =
  'touch ready; until [ -e "$GO" ]; do sleep 0.02; done; ' +
  'for each in "$CLUSTER_DSN" "$(cat "$TOOLS_FILE")" "$COMMAND_DSN" "$JOB_DSN" "$(cat "$JOB_FILE")"; do printf %s "$each" | sha256sum; done; ' +
  'stat -c %a "$JOB_FILE" "${JOB_FILE%/*}"; echo $MARK';

describe('secrets of jobs', () => {
  let bench: MaridBench;
  let controlPlane: MaridProcess;
  let worker: MaridProcess;
  let client: MaridClient;
  let logs = '';

  const startWorker = () =>
    bench.start(
      ['worker', '--control-plane', controlPlane.address, '--state-folder', bench.path('worker'), '--memory', '640m'],
      {
        ...{ MARID_LOG_LEVEL: 'debug', JOB_OF_COMMAND: SECRETS.OF_COMMAND, MARID_WORKER_SECRETS_PREFIX: 'JOB_' },
        MARID_WORKER_SECRETS_FOLDER: bench.path('secrets'),
        MARID_WORKER_SECRETS_ALLOW: 'of-cluster, of-application, of-job@ada, OF_COMMAND, absent',
      },
    );
  const submit = (
    id: string,
    more: { environment?: Record<string, string>; setupFile?: string; rawArguments?: string },
    script = SCRIPT,
  ) => {
    const wanted = { clusterCriteria: [{ tags: ['sched:test'] }], commandCriterion: { tags: ['type:shell'] } };
    return client.submit({ user: 'ada', arguments: [script], ...wanted, ...more }, { id });
  };
  const read = async (id: string): Promise<string> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of client.follow(id, 'stdout')) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };
  const found = () => filesWith(bench.folder, CANARIES).filter((path) => !path.startsWith('secrets/'));
  const attempt = (id: string, path: string) => bench.path('worker', 'jobs', id, path);

  beforeAll(async () => {
    bench = await MaridBench.open();
    mkdirSync(bench.path('secrets'));
    for (const name of ['of-cluster', 'of-application', 'of-job'] as const) {
      writeFileSync(bench.path('secrets', name), SECRETS[name]);
    }
    controlPlane = await bench.start(
      ['control-plane', '--listen', '127.0.0.1:0', '--data-folder', bench.path('data')],
      { MARID_LOG_LEVEL: 'debug' },
    );
    worker = await startWorker();
    writeFileSync(bench.path('registry.yaml'), REGISTRY);
    const applied = await bench.run(controlPlane.address, ['apply', '-f', bench.path('registry.yaml')]);
    expect(applied).toMatchObject({ code: 0 });
    client = MaridClient.connect({ address: controlPlane.address });
  }, 120_000);

  afterAll(async () => {
    await client.close();
    await bench.close();
  });

  test('jobs get them, by bash and without it, and nothing else holds them, while they run and afterwards', async () => {
    writeFileSync(bench.path('setup.sh'), 'export COPY="jdbc:$CLUSTER_DSN" JOB_COPY=$JOB_DSN\n');
    const environment = { JOB_DSN: 'secret:of-job', JOB_FILE: 'secret-file:of-job', GO: bench.path('go') };
    await submit('direct', { environment });
    await submit('script', { environment, setupFile: `file://${bench.path('setup.sh')}` });
    await submit('shell', { environment, rawArguments: '2>&1' });
    const jobs = ['direct', 'script', 'shell'];
    await eventually('the jobs to run', () => jobs.every((id) => existsSync(attempt(id, '1/ready'))));
    const running = found();
    expect(running.filter((path) => SECRET_FILE.test(path))).toHaveLength(6);
    expect(running.filter((path) => !SECRET_FILE.test(path))).toEqual([]);
    expect(commandLinesWith(CANARIES)).toEqual([]);
    expect(commandLinesWith([bench.path('go'), '$TOOLS_FILE']).length).toBeGreaterThan(0);
    const listed = await bench.run(controlPlane.address, ['files', 'script']);
    expect(listed.stdout).toContain('genie/logs/env.log');
    expect(listed.stdout).not.toContain('of-job');

    logs += worker.stderr();
    await worker.end('SIGKILL');
    worker = await startWorker();
    writeFileSync(bench.path('go'), '');
    const hash = (text: string): string => `${createHash('sha256').update(text).digest('hex')}  -\n`;
    const { 'of-cluster': cluster, 'of-application': application, 'of-job': job, OF_COMMAND: command } = SECRETS;
    const expected = `${[cluster, application, command, job, job].map(hash).join('')}600\n700\ncommand-mark\n`;
    for (const id of jobs) {
      await client.wait(id);
      expect({ id, stdout: await read(id) }).toEqual({ id, stdout: expected });
    }
    expect(readdirSync(bench.path('worker', 'jobs', 'direct')).sort()).toEqual(['1', '1.json']);
    const archived = async (id: string) => (await client.get(id)).archiveStatus === ArchiveStatus.ARCHIVED;
    for (const id of jobs) await eventually('the archive', () => archived(id));
    expect(filesWith(bench.path('data', 'blobs'), [hash(job)]).length).toBeGreaterThan(0);
    expect(found()).toEqual([]);
    // Not what setup files make of them either.
    expect(filesWith(attempt('script', '1/genie'), ['jdbc:', 'JOB_COPY'])).toEqual([]);
    // The search does find what is there.
    expect(filesWith(bench.path('data'), ['secret:of-job']).length).toBeGreaterThan(0);
  }, 120_000);

  test('what cannot be resolved fails the job, and says which reference', async () => {
    const fails = async (id: string, value: string): Promise<string> => {
      await submit(id, { environment: { JOB_DSN: value } }, 'true');
      return (await client.wait(id)).message;
    };
    expect(await fails('unknown', 'secret:absent')).toMatch(/"secrets".*`secret:absent`.*no secret of this name/);
    expect(await fails('refused', 'secret:other')).toMatch(/`secret:other`.*does not give it to jobs of user "ada"/);
    await expect(submit('argument', {}, 'secret:of-job')).rejects.toThrow(
      'set an environment variable to `secret:NAME`',
    );
  }, 120_000);

  test('no output, log or answer holds them', async () => {
    const shown = [logs, worker.stderr(), controlPlane.stderr()];
    for (const id of ['script', 'unknown', 'refused']) {
      const { summary, details } = await client.explain(id);
      shown.push(JSON.stringify(toJson(JobSchema, await client.get(id))), summary, ...details);
    }
    const described = await bench.run(controlPlane.address, ['describe', 'job', 'script']);
    shown.push(described.stdout, described.stderr);
    expect(shown.join('\n')).toContain('secret:of-job');
    for (const each of CANARIES) expect(shown.join('\n')).not.toContain(each);
  }, 120_000);
});
