import { describe, expect, test } from '@jest/globals';
import type { Cluster, Command } from '../../../../core/registry/resource.js';
import { validateResource } from '../../../../core/validation/resources.js';
import { makeApplication, makeCluster, makeCommand, makeCriterion } from '../../../support/job-fixtures.js';

function commandFields(overrides: Partial<Command>): readonly string[] {
  return validateResource('command', makeCommand(overrides), 'command').map(({ field }) => field);
}

function clusterFields(overrides: Partial<Cluster>): readonly string[] {
  return validateResource('cluster', makeCluster(overrides), 'cluster').map(({ field }) => field);
}

describe('validateResource', () => {
  test('accepts plain entries of every kind', () => {
    expect(validateResource('application', makeApplication({ type: 'spark' }), 'application')).toEqual([]);
    expect(commandFields({ applicationIds: ['a', 'b'], memoryMb: 1, clusterCriteria: [] })).toEqual([]);
    expect(clusterFields({ tags: ['a', 'a'] })).toEqual([]);
  });

  test('tells all violations at once, by proto field name', () => {
    expect(
      commandFields({
        id: '',
        name: '',
        user: '',
        version: ' ',
        executable: [' ', 'a\0', 'x'.repeat(1025)],
        clusterCriteria: [makeCriterion({ tags: ['a'] }), makeCriterion(), makeCriterion({ status: 'ACTIVE' })],
        applicationIds: ['a', 'a'],
        memoryMb: -1,
        setupFile: 'relative',
      }),
    ).toEqual([
      'command.id',
      'command.name',
      'command.user',
      'command.version',
      'command.setup_file',
      'command.executable[0]',
      'command.executable[1]',
      'command.executable[2]',
      'command.cluster_criteria[1]',
      'command.cluster_criteria[2].status',
      'command.application_ids[1]',
      'command.memory_mb',
    ]);
  });

  test('checks the environment as that of a job, and secrets in arguments', () => {
    expect(clusterFields({ environment: { DSN: 'secret:db', FILE: 'secret-file:db', PLAIN: 'x' } })).toEqual([]);
    expect(clusterFields({ environment: { DSN: 'secret:', GENIE_X: '', 'a-b': '' } })).toEqual([
      'cluster.environment["DSN"]',
      'cluster.environment["GENIE_X"]',
      'cluster.environment["a-b"]',
    ]);
    expect(commandFields({ executable: ['psql', '--password=secret:db'] })).toEqual(['command.executable[1]']);
  });

  test('refuses a command without a program', () => {
    expect(commandFields({ executable: [] })).toEqual(['command.executable']);
  });

  test('refuses a status of another kind', () => {
    const application = makeApplication({ status: 'ACTIVE' });
    expect(validateResource('cluster', application, 'cluster')).toEqual([
      { field: 'cluster.status', description: 'is "ACTIVE"; it must be one of UP, OUT_OF_SERVICE, TERMINATED' },
    ]);
  });

  test('allows the implied tags of the entry itself, and not those of another', () => {
    const own = ['marid.id:c-1', 'genie.id:c-1', 'marid.name:prod', 'genie.name:prod'];
    expect(clusterFields({ id: 'c-1', name: 'prod', tags: own })).toEqual([]);
    expect(clusterFields({ id: 'c-1', name: 'prod', tags: ['ok', 'marid.id:c-2'] })).toEqual(['cluster.tags[1]']);
  });
});
