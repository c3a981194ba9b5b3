import { describe, expect, test } from '@jest/globals';
import { explainMatch } from '../../../../core/matching/resolve.js';
import { RegistryIndex } from '../../../../core/matching/registry-index.js';
import type { Cluster, Command } from '../../../../core/registry/resource.js';
import { makeCluster, makeCommand, makeCriterion, makeRequest } from '../../../support/job-fixtures.js';

function indexOf(commands: readonly Command[], clusters: readonly Cluster[]): RegistryIndex {
  return RegistryIndex.of({ revision: 1, applications: [], commands, clusters });
}

const request = makeRequest({
  commandCriterion: makeCriterion({ name: 'spark', version: '3', tags: ['x', 'y'] }),
  clusterCriteria: [makeCriterion({ tags: ['a', 'b'] })],
});
const spark = { name: 'spark', version: '3', tags: ['x', 'y'] };

describe('explainMatch', () => {
  test('tells of every command why it does not match, best first', () => {
    const commands = [
      makeCommand({ ...spark, id: '1', name: 'hive', version: '2', tags: [], status: 'INACTIVE' }),
      makeCommand({ ...spark, id: '2', tags: ['y'] }),
      makeCommand({ ...spark, id: '3', status: 'INACTIVE' }),
      makeCommand({ ...spark, id: '4', clusterCriteria: [makeCriterion({ tags: ['gpu'] })] }),
      makeCommand({ ...spark, id: '5', clusterCriteria: [makeCriterion({ name: 'prod' })] }),
      makeCommand({ ...spark, id: '6', clusterCriteria: [] }),
    ];
    const clusters = [
      makeCluster({ id: 'c2', name: 'prod', tags: ['a', 'b'] }),
      makeCluster({ id: 'c1', name: 'test' }),
    ];
    const told = explainMatch(indexOf(commands, clusters), request);
    expect(told.map(({ command, matched, reasons }) => [command.id, matched, ...reasons])).toEqual([
      ['5', true],
      ['4', false, 'no UP cluster has tags gpu, a, b: closest is prod (lacks gpu)'],
      ['6', false, 'it has no cluster criteria, so that it never matches'],
      ['2', false, 'has no tag "x"'],
      ['3', false, 'status is INACTIVE, ACTIVE is asked'],
      [
        '1',
        false,
        'status is INACTIVE, ACTIVE is asked',
        'name is "hive", "spark" is asked',
        'version is "2", "3" is asked',
        'has no tags "x", "y"',
      ],
    ]);
    expect(told[0]?.clusters.map(({ id }) => id)).toEqual(['c2']);
  });

  test('gives the clusters of a command by id', () => {
    const clusters = ['b', 'c', 'a'].map((id) => makeCluster({ id, tags: ['a', 'b', 'test'] }));
    const [match] = explainMatch(indexOf([makeCommand(spark)], clusters), request);
    expect(match?.clusters.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  test('bounds the search for what comes closest, and still has a reason for each command', () => {
    const commands = Array.from({ length: 300 }, (_, at) =>
      makeCommand({ ...spark, clusterCriteria: [makeCriterion({ tags: [`t${at}`] })] }),
    );
    const told = explainMatch(indexOf(commands, [makeCluster({ tags: ['a'] })]), request);
    const reasons = told.map((each) => each.reasons.join());
    expect(reasons.filter((reason) => reason.includes('closest is'))).toHaveLength(100);
    expect(reasons.filter((reason) => reason.startsWith('no cluster matches its cluster criteria'))).toHaveLength(200);
  });
});
