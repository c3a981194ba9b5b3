import { describe, expect, test } from '@jest/globals';
import type { JobRequest } from '../../../../core/job/job.js';
import { resolveJob } from '../../../../core/matching/resolve.js';
import type { ResolveOutcome } from '../../../../core/matching/resolve.js';
import { RegistryIndex } from '../../../../core/matching/registry-index.js';
import { selectorByName } from '../../../../core/matching/selectors.js';
import type { RegistrySnapshot } from '../../../../core/registry/resource.js';
import {
  makeApplication,
  makeCluster,
  makeCommand,
  makeCriterion,
  makeRequest,
} from '../../../support/job-fixtures.js';
import { SeededRandom } from '../../../support/seeded-random.js';

const DEFAULTS = { memoryMb: 1500, timeoutMs: 60_000 };

function tagged(...tags: readonly string[]) {
  return makeCriterion({ tags });
}

function resolve(registry: Partial<RegistrySnapshot>, request: Partial<JobRequest>): ResolveOutcome {
  const index = RegistryIndex.of({ revision: 1, applications: [], commands: [], clusters: [], ...registry });
  return resolveJob({
    index,
    request: makeRequest(request),
    defaults: DEFAULTS,
    commandSelector: selectorByName('random'),
    clusterSelector: selectorByName('least-loaded'),
    load: { activeJobs: (id) => (id === 'busy' ? 9 : 0) },
    random: new SeededRandom(3),
  });
}

function matched(outcome: ResolveOutcome) {
  if (outcome.kind === 'none') throw new Error(outcome.message);
  return outcome;
}

function messageOf(outcome: ResolveOutcome): string {
  return outcome.kind === 'none' ? outcome.message : `matched: ${outcome.explanation}`;
}

describe('resolveJob', () => {
  test("walks the command's criteria outside and the job's inside; the first pair with a cluster decides", () => {
    const registry = {
      commands: [makeCommand({ clusterCriteria: [tagged('gone'), tagged('a'), tagged('b')] })],
      clusters: [
        makeCluster({ id: 'b-y', tags: ['b', 'y'] }),
        makeCluster({ id: 'a-x', tags: ['a', 'x'] }),
        makeCluster({ id: 'b-x', tags: ['b', 'x'] }),
      ],
    };
    const { resolution, explanation } = matched(resolve(registry, { clusterCriteria: [tagged('y'), tagged('x')] }));
    expect(resolution.cluster.id).toBe('a-x');
    expect(explanation).toContain('it matches cluster criterion 2 of the job with 2 of the command');
  });

  test('lets the cluster selector choose among the clusters of the chosen command', () => {
    const clusters = [makeCluster({ id: 'busy', name: 'busy' }), makeCluster({ id: 'idle', name: 'idle' })];
    const command = makeCommand({ id: 'cmd', name: 'spark' });
    const { resolution, explanation } = matched(resolve({ commands: [command], clusters }, {}));
    expect(resolution.cluster.id).toBe('idle');
    expect(explanation).toBe(
      'Command spark (cmd) was chosen by random: the only one. ' +
        'Cluster idle was chosen by least-loaded: 0 active jobs, fewest of 2; ' +
        'it matches cluster criterion 1 of the job with 1 of the command.',
    );
  });

  test('never chooses a command whose clusters do not match, nor one without cluster criteria', () => {
    const commands = [
      makeCommand({ id: 'a', clusterCriteria: [tagged('gone')] }),
      makeCommand({ id: 'b', clusterCriteria: [] }),
      makeCommand({ id: 'c' }),
    ];
    expect(matched(resolve({ commands, clusters: [makeCluster()] }, {})).resolution.command.id).toBe('c');
  });

  test('takes memory from the request, else from the command, else the default; the timeout likewise', () => {
    const memory = (own: number | null, commandMb: number | null) =>
      matched(
        resolve({ commands: [makeCommand({ memoryMb: commandMb })], clusters: [makeCluster()] }, { memoryMb: own }),
      ).resolution.memoryMb;
    expect([memory(1, 2), memory(null, 2), memory(null, null)]).toEqual([1, 2, DEFAULTS.memoryMb]);
    const timeout = (timeoutMs: number | null) =>
      matched(resolve({ commands: [makeCommand()], clusters: [makeCluster()] }, { timeoutMs })).resolution.timeoutMs;
    expect([timeout(5000), timeout(null)]).toEqual([5000, DEFAULTS.timeoutMs]);
  });

  test("takes the request's applications in its order instead of the command's, whatever their status", () => {
    const registry = {
      applications: [makeApplication({ id: 'a', status: 'INACTIVE' }), makeApplication({ id: 'b' })],
      commands: [makeCommand({ applicationIds: ['a'] })],
      clusters: [makeCluster()],
    };
    const chosen = (applicationIds: readonly string[]) =>
      matched(resolve(registry, { applicationIds })).resolution.applications.map(({ id }) => id);
    expect(chosen([])).toEqual(['a']);
    expect(chosen(['b', 'a'])).toEqual(['b', 'a']);
  });

  test('names applications that are missing, and who asks for them', () => {
    const registry = {
      commands: [makeCommand({ name: 'spark', applicationIds: ['x'] })],
      clusters: [makeCluster()],
    };
    expect(messageOf(resolve(registry, {}))).toBe('Application x of command spark is not in the registry.');
    expect(messageOf(resolve(registry, { applicationIds: ['y', 'z'] }))).toBe(
      'Applications y, z of the job are not in the registry.',
    );
  });
});

describe('resolveJob, when nothing matches,', () => {
  const spark = makeCommand({ id: 'c1', name: 'spark', tags: ['spark', '3.5'], clusterCriteria: [tagged('yarn')] });

  test('names the closest command and what it lacks', () => {
    const commands = [spark, makeCommand({ id: 'c0', name: 'hive', tags: ['hive'] })];
    expect(messageOf(resolve({ commands }, { commandCriterion: tagged('spark', '3.4', '3.5') }))).toBe(
      'No ACTIVE command has tags spark, 3.4, 3.5: closest is spark (lacks 3.4).',
    );
    const byName = makeCriterion({ name: 'hive', status: 'DEPRECATED', tags: ['spark', '3.5'] });
    expect(messageOf(resolve({ commands }, { commandCriterion: byName }))).toBe(
      'No DEPRECATED command has name hive and tags spark, 3.5: closest is hive (is ACTIVE, lacks spark, 3.5).',
    );
  });

  test('names the closest cluster and what it lacks', () => {
    const registry = {
      commands: [spark, makeCommand({ id: 'c2', tags: ['spark'], clusterCriteria: [] })],
      clusters: [
        makeCluster({ name: 'test', tags: ['adhoc'] }),
        makeCluster({ name: 'prod', tags: ['yarn', 'sla'], status: 'OUT_OF_SERVICE' }),
      ],
    };
    const asks = { commandCriterion: tagged('spark'), clusterCriteria: [tagged('sla', 'gpu'), tagged('sla')] };
    expect(messageOf(resolve(registry, asks))).toBe(
      'Command spark matches, but no UP cluster has tags yarn, sla: closest is prod (is OUT_OF_SERVICE). ' +
        '1 other command matches as well, without a cluster either.',
    );
  });

  test('says so when nothing is close, when criteria exclude each other, and when the registry is empty', () => {
    const asks = { commandCriterion: tagged('spark') };
    expect(messageOf(resolve({}, asks))).toBe('The registry has no command.');
    expect(messageOf(resolve({ commands: [spark] }, asks))).toBe(
      'Command spark matches, but the registry has no cluster.',
    );
    const clusters = [makeCluster({ name: 'prod', tags: ['yarn'] })];
    expect(messageOf(resolve({ commands: [spark], clusters }, { commandCriterion: tagged('flink') }))).toBe(
      'No ACTIVE command has tag flink.',
    );
    const pinned = makeCommand({ name: 'pinned', clusterCriteria: [makeCriterion({ name: 'a' })] });
    const other = { clusterCriteria: [makeCriterion({ name: 'b' })] };
    expect(messageOf(resolve({ commands: [pinned], clusters }, other))).toBe(
      'Command pinned matches, but its cluster criteria and those of the job exclude each other.',
    );
  });

  test('quotes names that could be mistaken for the sentence', () => {
    const commands = [makeCommand({ name: 'a): ignore this', tags: ['x'] })];
    expect(messageOf(resolve({ commands }, { commandCriterion: tagged('x', 'y') }))).toContain(
      'closest is "a): ignore this" (lacks y)',
    );
  });
});
